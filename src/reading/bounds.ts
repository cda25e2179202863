const SIGN = /<(\/?)([a-z][a-z\d]{0,20})?|&/gi
const VOID = /^(?:br|img|hr|input|meta|link|wbr|source|p|li|td|tr|th|dt|dd)$/i
const MOST_SIGNS = 20_000
const MOST_OPEN = 300
const LONGEST = 400_000

/** How much of a text can be cleaned in bearable time and memory: up to so many letters, tags, references and open tags. */
export function bounded(html: string): string {
  const most = Math.min(html.length, LONGEST)
  let [signs, open] = [0, 0]
  for (const { 1: closes, 2: name, index } of html.matchAll(SIGN)) {
    if (index >= most) break
    if (name && !VOID.test(name)) open = closes ? Math.max(0, open - 1) : open + 1
    if (++signs > MOST_SIGNS || open > MOST_OPEN) return html.slice(0, index)
  }
  return html.length > most ? html.slice(0, most) : html
}

/** Whether a JSON text has more brackets and commas than anybody needs, or nests them deeper: parsing costs by those. */
export function isBearable(json: string, mostSigns: number, deepest: number): boolean {
  let [signs, depth] = [0, 0]
  for (let at = 0; at < json.length; at++) {
    const sign = json.charCodeAt(at)
    if (sign === 0x22) at = stringEnd(json, at)
    else if (sign === 0x2c) signs++
    else if (sign === 0x5b || sign === 0x7b) depth++
    else if (sign === 0x5d || sign === 0x7d) {
      depth--
      signs++
    }
    if (depth > deepest || signs > mostSigns) return false
  }
  return true
}

function stringEnd(json: string, from: number): number {
  for (let at = from + 1; at < json.length; at++) {
    const sign = json.charCodeAt(at)
    if (sign === 0x5c) at++
    else if (sign === 0x22) return at
  }
  return json.length
}

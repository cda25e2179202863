/** A start tag of a page: its name in lower case, its attributes with entities resolved. */
export type Tag = { name: string; attributes: Record<string, string> }

const MOST = 1_000_000 // letters of a page that are looked at: what matters stands at its head
const SKIPPED: Record<string, RegExp> = {
  script: /<\/script/gi,
  style: /<\/style/gi,
  textarea: /<\/textarea/gi,
  template: /<\/template/gi,
  noscript: /<\/noscript/gi,
}
const NAME = /[a-z][a-z0-9]*/iy
const ATTRIBUTE = /[\s/]*([^\s=>"'/]+)(?:\s{0,100}=\s{0,100}(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/y

/** The start tags of these names, in their order; what stands in comments and scripts is none. Linear in the page's length. */
export function tagsOf(html: string, names: string[]): Tag[] {
  const page = html.slice(0, MOST)
  const found: Tag[] = []
  let at = page.indexOf('<')
  while (at >= 0) {
    if (page.startsWith('<!--', at)) at = past(page, /-->/g, at + 4)
    else {
      const tag = tagAt(page, at)
      if (tag && names.includes(tag.name)) found.push(tag)
      const end = tag ? tag.end : at + 1
      at = tag && Object.hasOwn(SKIPPED, tag.name) ? past(page, SKIPPED[tag.name]!, end) : end
    }
    at = page.indexOf('<', at)
  }
  return found
}

function past(page: string, what: RegExp, from: number): number {
  what.lastIndex = from
  return what.test(page) ? what.lastIndex : page.length
}

function tagAt(page: string, at: number): (Tag & { end: number }) | undefined {
  NAME.lastIndex = at + 1
  const name = NAME.exec(page)?.[0].toLowerCase()
  if (!name) return undefined
  const attributes: Record<string, string> = {}
  let end = NAME.lastIndex
  for (;;) {
    ATTRIBUTE.lastIndex = end
    const match = ATTRIBUTE.exec(page)
    if (!match) return { name, attributes, end }
    const [, attribute = '', double, single, bare] = match
    const known = attribute.toLowerCase()
    if (!Object.hasOwn(attributes, known) && known !== '__proto__')
      attributes[known] = unescaped(double ?? single ?? bare ?? '')
    end = ATTRIBUTE.lastIndex
  }
}

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  sol: '/',
  colon: ':',
  quest: '?',
}

/** An attribute's value without its entities, as far as addresses and titles need them. */
function unescaped(value: string): string {
  return value.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,5}));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole
    const point = decimal ? Number(decimal) : Number.parseInt(hex, 16)
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}

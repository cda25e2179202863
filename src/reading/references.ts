import { plain } from '../text.ts'

const REFERENCE = /&(?:#(\d+);?|#x([\da-f]+);?|([a-z][a-z\d]{1,31});)?/iy
const names = new Map<string, string>([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"], ['nbsp', '\u00a0']]) // biome-ignore format: one table
const MOST_NAMES = 3000 // HTML has 2,200
// What windows-1252 has where Unicode has control characters: those who write &#146; mean it.
const WINDOWS = new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 32 }, (_, n) => 128 + n))

/** Text with its references resolved, once; those of HTML too. What is none stays as it stands, after `bare()`. */
export function resolved(text: string, bare?: () => void): string {
  let done = ''
  let from = 0 // not a `replace`, which holds on to all its matches at once
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    REFERENCE.lastIndex = at
    const [whole, ...groups] = REFERENCE.exec(text)!
    const meant = meaning(groups)
    if (meant === undefined) bare?.()
    else {
      done += text.slice(from, at) + meant
      from = at + whole.length
      at = from - 1
    }
  }
  return done + text.slice(from)
}

function meaning([decimal, hex, name]: (string | undefined)[]): string | undefined {
  if (decimal !== undefined) return letter(Number(decimal))
  if (hex !== undefined) return letter(Number.parseInt(hex, 16))
  return name === undefined ? undefined : named(name)
}

function letter(point: number): string {
  if (point >= 128 && point < 160) return WINDOWS[point - 128]!
  const forbidden = point > 0x10ffff || (point >= 0xd800 && point < 0xe000) || (point < 32 && !/[\t\n\r]/.test(String.fromCharCode(point))) // biome-ignore format: one condition
  return forbidden ? '' : String.fromCodePoint(point)
}

function named(name: string): string | undefined {
  const known = names.get(name)
  if (known !== undefined) return known
  const reference = `&${name};`
  const meant = plain(`<pre>x${reference}x</pre>`).slice(1, -1)
  if (meant === reference) return undefined
  if (names.size < MOST_NAMES) names.set(name, meant)
  return meant
}

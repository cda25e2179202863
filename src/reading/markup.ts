/** One piece of a document: `from` to `end` is where it stands, `inner` to `close` what it holds. */
export type Token =
  | { kind: 'text' | 'cdata' | 'comment' | 'declaration'; from: number; inner: number; close: number; end: number }
  | { kind: 'open' | 'close'; name: string; empty: boolean; from: number; inner: number; close: number; end: number }

const NAME = /[\p{L}_][^\s/<>"'=]{0,99}/uy
const STOP = /[<>"']/g
const ATTRIBUTE = /([^\s=/"'<>]{1,100})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))/g
const LONGEST_TAG = 20_000 // letters of a tag in which attributes are looked for
const LONGEST_VALUE = 4000
const LOOKED_AT_TWICE = 1000

/**
 * The piece that begins at this place; the end of the text ends whatever is open there.
 *
 * A `<` that begins no tag is text. However the text is made, walking through all of it takes linear time: what is not
 * closed runs to the end, once.
 */
export function piece(text: string, from: number): Token {
  if (text[from] !== '<') return run(text, from, from)
  if (text.startsWith('<!--', from)) return enclosed(text, 'comment', from, '<!--', '-->')
  if (text.startsWith('<![CDATA[', from)) return enclosed(text, 'cdata', from, '<![CDATA[', ']]>')
  if (text[from + 1] === '?') return enclosed(text, 'declaration', from, '<?', '?>')
  if (text[from + 1] === '!') return enclosed(text, 'declaration', from, '<!', '>')
  return tag(text, from)
}

function run(text: string, from: number, after: number): Token {
  const next = text.indexOf('<', after)
  const end = next < 0 ? text.length : next
  return { kind: 'text', from, inner: from, close: end, end }
}

function enclosed(
  text: string,
  kind: 'comment' | 'cdata' | 'declaration',
  from: number,
  opening: string,
  closing: string,
): Token {
  const inner = from + opening.length
  const found = text.indexOf(closing, inner)
  const close = found < 0 ? text.length : found
  return { kind, from, inner, close, end: found < 0 ? text.length : found + closing.length }
}

function tag(text: string, from: number): Token {
  const closes = text[from + 1] === '/'
  NAME.lastIndex = from + (closes ? 2 : 1)
  const name = NAME.exec(text)?.[0]
  if (!name) return run(text, from, from + 1)
  const inner = NAME.lastIndex
  const close = tagEnd(text, inner)
  // No tag after all. What was looked at for long is not looked at again: else quotes in quotes would cost the square.
  if (text[close] !== '>') return run(text, from, close - from > LOOKED_AT_TWICE ? close : from + 1)
  const empty = !closes && text[close - 1] === '/'
  return { kind: closes ? 'close' : 'open', name, empty, from, inner, close, end: close + 1 }
}

/** Where the tag's `>` is, outside quotes, or where it shows that there is none. */
function tagEnd(text: string, from: number): number {
  for (let at = from; ; ) {
    STOP.lastIndex = at
    const stop = STOP.exec(text)
    if (!stop) return text.length
    if (stop[0] === '>' || stop[0] === '<') return stop.index
    const closing = text.indexOf(stop[0], stop.index + 1)
    if (closing < 0) return stop.index
    at = closing + 1
  }
}

/** The attributes of a tag as they stand, references unresolved; names in lower case, the first of each counts. */
export function attributes(text: string, { inner, close }: Token): Map<string, string> {
  const found = new Map<string, string>()
  if (close - inner < 3) return found
  for (const [, name, double, single, bare] of text
    .slice(inner, Math.min(close, inner + LONGEST_TAG))
    .matchAll(ATTRIBUTE)) {
    const key = name!.toLowerCase()
    const value = double ?? single ?? bare ?? ''
    if (!found.has(key) && value.length <= LONGEST_VALUE) found.set(key, value)
  }
  return found
}

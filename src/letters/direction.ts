import { direction, say, spoken } from '../locale.ts'
import { escaped } from '../text.ts'

/** A base direction. */
export type Direction = 'rtl' | 'ltr'

const STRONG = /[\p{L}\u200e\u200f\u061c]/u
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
const OPEN = { ltr: '\u2066', rtl: '\u2067' }
const CLOSE = '\u2069'
const MARK = { ltr: '\u200e', rtl: '\u200f' }

/** A language without what a stranger could write into its tag (variants, private use): `ar`, `zh-Hant`. */
export function plainLanguage(tag: string): string {
  const { language, script } = new Intl.Locale(tag)
  return script ? `${language}-${script}` : language
}

/** The side that a text of this direction begins at: mail knows only left and right. */
export function side(direction: Direction): 'right' | 'left' {
  return direction === 'rtl' ? 'right' : 'left'
}

/** The direction of a text whose language nobody told us: that of its first letter. */
export function directionOf(text: string): Direction | undefined {
  const first = STRONG.exec(text)?.[0]
  if (first === undefined) return undefined
  return RIGHT_TO_LEFT.test(first) ? 'rtl' : 'ltr'
}

/** How many letters of a text run either way. */
export function directionsOf(text: string): Record<Direction, number> {
  const letters = text.match(/\p{L}/gu) ?? []
  const rtl = letters.filter((letter) => RIGHT_TO_LEFT.test(letter)).length
  return { rtl, ltr: letters.length - rtl }
}

/** A whole value as it is inserted into text of direction `around`: isolated if it runs the other way. */
export function isolated(value: string, around: Direction, own = directionOf(value) ?? around): string {
  return own === around ? value : `${OPEN[own]}${value}${CLOSE}`
}

/** Text of ours as HTML: escaped, its isolates as spans, because mail readers drop `<bdi>`. */
export function marked(text: string): string {
  return escaped(text)
    .replaceAll(OPEN.ltr, '<span dir="ltr">')
    .replaceAll(OPEN.rtl, '<span dir="rtl">')
    .replaceAll(CLOSE, '</span>')
}

/** A line of plain text that readers lay out in `direction`: without another sign its first letter would decide. */
export function line(text: string, direction: Direction): string {
  const first = /^[\u2066\u2067]/.test(text) ? undefined : directionOf(text)
  return first === direction ? text : `${MARK[direction]}${text}`
}

/** Says a sentence of the letters in a language, values isolated; so is all of it where only its English is there. */
export function words(
  language: string,
  key: Parameters<typeof say>[1],
  values: Record<string, string | number> = {},
): string {
  const own = spoken.includes(language) ? direction(language) : 'ltr'
  const inserted = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? isolated(value, own) : value,
  ])
  return isolated(say(language, key, Object.fromEntries(inserted)), direction(language), own)
}

import { oneLine } from '../text.ts'
import { resolved } from './references.ts'

const TAG = /<\/?(?:a|abbr|b|bdi|bdo|big|br|center|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|mark|p|q|s|small|span|strike|strong|sub|sup|tt|u|wbr)(?:\s[^<>]*)?\/?>/gi // biome-ignore format: one pattern
const UNSEEN = /<(script|style)(?:\s[^<>]*)?>[^<]*(?:<\/\1>|$)/gi
const LONGEST = 10_000

/** HTML as one line of text: tags gone, references resolved once; a `<` that is no tag stays. */
export function lineOfHtml(html: string): string {
  const short = html.slice(0, LONGEST)
  const bare = short.includes('<')
    ? short
        .replace(UNSEEN, '')
        .replace(/<br\s{0,9}\/?>/gi, ' ')
        .replace(TAG, '')
    : short
  return line(resolved(bare))
}

/** One line of text; lines that it was broken into are one. */
export function line(text: string): string {
  return oneLine(text.slice(0, LONGEST).replace(/\s{0,99}[\n\r]\s{0,99}/g, ' '))
}

/** At most so many letters, cut at a word where there is one, with `…`. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const start = text
    .slice(0, most - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')
  const space = start.lastIndexOf(' ')
  return `${(space > most / 2 ? start.slice(0, space) : start).trimEnd()}…`
}

const ADDRESS = /[^\s<>()"،,;]{1,100}@[^\s<>()"،,;]{1,200}/

/** Names of people or tags, each once. */
export function names(list: string[], most: number): string[] {
  const found = new Set<string>()
  for (const one of list) {
    const name = shortened(line(one), 200)
    if (name) found.add(name)
    if (found.size >= most) break
  }
  return [...found]
}

/** A person's name out of `mail@x (Name)`, `Name <mail@x>` or a name; '' where there is only an address. */
export function personName(text: string): string {
  const short = text.slice(0, 500)
  if (!ADDRESS.test(short)) return line(short)
  const inside = /\(([^()]{1,200})\)/.exec(short)?.[1]
  const rest = inside ?? short.replace(/<[^<>]{0,300}>/g, ' ')
  return line(rest.replace(new RegExp(ADDRESS, 'g'), ' ').replace(/[<>()"]/g, ' '))
}

/** A language tag in its canonical form, or undefined. */
export function tongue(tag: string | undefined): string | undefined {
  try {
    return tag?.trim() ? Intl.getCanonicalLocales(tag.trim().slice(0, 50).replaceAll('_', '-'))[0] : undefined
  } catch {
    return undefined
  }
}

/** Whether a text's letters are mostly Arabic; undefined where there are too few to tell. */
export function isArabic(text: string): boolean | undefined {
  const arabic = text.match(/\p{Script=Arabic}/gu)?.length ?? 0
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  if (arabic + latin < 20) return undefined
  return arabic > latin * 3 ? true : latin > arabic * 3 ? false : undefined
}

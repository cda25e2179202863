import { type Expression, sql } from 'kysely'
import type { Kind } from './columns.ts'

const MARKS = '\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06ed\\u08d3-\\u08ff\\u0640'
const UNSEEN = '\\u00ad\\u061c\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff'
/** What stands in a text and is not seen: joiners, directions, soft hyphens. */
export const INVISIBLE = new RegExp(`[${UNSEEN}]`, 'g')
const TASHKEEL = new RegExp(`[${MARKS}]`, 'g')
const LETTERS: Record<string, string> = {
  أ: 'ا', إ: 'ا', آ: 'ا', ٱ: 'ا', ى: 'ي', ة: 'ه', ؤ: 'و', ئ: 'ي', ک: 'ك', ی: 'ي', ہ: 'ه', ھ: 'ه', ı: 'i', İ: 'i', ß: 'ss', ø: 'o', ł: 'l', đ: 'd',
} // biome-ignore format: one table
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
const DIGIT = /[\u0660-\u0669\u06f0-\u06f9]/g
const DIGITS = '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹'

/** A well-formed text as search compares it: one spelling for all that readers of Arabic, Turkish and Latin scripts take for the same. */
export function folded(text: string): string {
  const letters = text
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(TASHKEEL, '')
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(LETTER, (letter) => LETTERS[letter]!)
  return latinDigits(letters).replace(/\s+/g, ' ').trim()
}

/** Arabic and Persian digits as Latin ones. */
export function latinDigits(text: string): string {
  return text.replace(DIGIT, (digit) => String(digit.codePointAt(0)! & 0xf))
}

/** The same of a text in the database. PostgreSQL says it in its own words; to SQLite we lend ours (`lendFolding`). */
export function foldedIn(kind: Kind, text: Expression<string | null>): Expression<string> {
  if (kind === 'sqlite') return sql<string>`folded(${text})`
  const bare = sql`regexp_replace(lower(normalize(${text}, NFKD) collate "und-x-icu"), ${sql.lit(dropped())}, '', 'g')`
  const from = Object.keys(SINGLE).join('') + DIGITS
  const to = Object.values(SINGLE).join('') + '0123456789'.repeat(2)
  const spelled = sql`replace(translate(${bare}, ${sql.lit(from)}, ${sql.lit(to)}), 'ß', 'ss')`
  return sql<string>`trim(regexp_replace(${spelled}, '[ \\t\\n\\v\\f\\r\u1680\u2028\u2029]+', ' ', 'g'))`
}

const SINGLE = Object.fromEntries(Object.entries(LETTERS).filter(([, spelled]) => spelled.length === 1))

let known: string | undefined

/** What is dropped, for PostgreSQL, which knows no \\p{M}: the letters themselves, as ranges. */
function dropped(): string {
  if (known) return known
  const gone = new RegExp(`[\\p{M}${MARKS}${UNSEEN}]`, 'u')
  const ranges: [number, number][] = []
  for (let code = 0; code <= 0x1ffff; code++) {
    if (!gone.test(String.fromCodePoint(code))) continue
    const last = ranges.at(-1)
    if (last && last[1] === code - 1) last[1] = code
    else ranges.push([code, code])
  }
  const letter = (code: number) => String.fromCodePoint(code)
  known = `[${ranges.map(([one, other]) => (one === other ? letter(one) : `${letter(one)}-${letter(other)}`)).join('')}]`
  return known
}

type Lending = {
  function(name: string, options: { deterministic: boolean }, work: (text: unknown) => unknown): unknown
}

const KEPT = 10_000 // texts: most fields hold the same few, and to fold takes longer than to read

/** Lends our folding to a SQLite connection. */
export function lendFolding(connection: Lending): void {
  const known = new Map<string, string>()
  connection.function('folded', { deterministic: true }, (text) => {
    if (typeof text !== 'string') return text
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= KEPT) known.clear()
    const after = folded(text)
    known.set(text, after)
    return after
  })
}

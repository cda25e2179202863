import type { Instant } from '../../db/instant.ts'
import type { Email } from '../address.ts'
import type { Candidate } from './admitting.ts'
import type { More } from './more.ts'
import type { Moment, Reader } from './rows.ts'
import type { Fate } from './states.ts'

/*
 * A row between its file and the database: a line that begins with the address's hash, so that lines in order bring one
 * address's rows together.
 */

const FATES: Fate[] = ['in', 'waits', 'left', 'bounced']
const HASH = 64

/** Who is gone in one file is gone, whatever another says; who only waits in one may be admitted by another. */
const GRAVITY: Fate[] = ['waits', 'in', 'left', 'bounced']

type Row = [
  fate: number,
  file: number,
  line: number,
  address: string,
  name?: string | null | undefined,
  language?: string | null | undefined,
  format?: string | null | undefined,
  zone?: string | null | undefined,
  at?: number | null | undefined,
  asked?: Moment | null | undefined,
  confirmed?: Moment | null | undefined,
  more?: More | null | undefined,
]

/** A reader as a line. */
export function write(reader: Reader, file: number, line: number): string {
  const { fate, hash, address, name, language, format, zone, at, asked, confirmed, more } = reader
  const row: Row = [FATES.indexOf(fate), file, line, address, name, language, format, zone, at, asked, confirmed, more]
  while (row.at(-1) === undefined) row.pop()
  return hash + JSON.stringify(row)
}

/** The candidates of lines in order: one for each address, of whom the later row knows more and the first spelling stays. */
export function* candidates(lines: string[]): Generator<Candidate> {
  for (let start = 0; start < lines.length; ) {
    const hash = lines[start]!.slice(0, HASH)
    let end = start + 1
    while (lines[end]?.startsWith(hash)) end++
    const rows = lines.slice(start, end).map((line) => JSON.parse(line.slice(HASH)) as Row)
    if (rows.length > 1) rows.sort(([, file, line], [, otherFile, otherLine]) => file - otherFile || line - otherLine)
    yield rows.map((row) => read(hash, row)).reduce(together)
    start = end
  }
}

function read(
  hash: string,
  [fate, file, line, address, name, language, format, zone, at, asked, confirmed, more]: Row,
): Candidate {
  return {
    ...{ hash, fate: FATES[fate]!, file, line, address: address as Email, copies: 0 },
    ...(fate >= FATES.indexOf('left') && { gone: [file] }),
    ...(name && { name }),
    ...(language && { language }),
    ...(format && { format }),
    ...(zone && { zone }),
    ...(at && { at: at as Instant }),
    ...(asked && { asked }),
    ...(confirmed && { confirmed }),
    ...(more && { more }),
  }
}

function together(one: Candidate, other: Candidate): Candidate {
  const graver = GRAVITY.indexOf(other.fate) > GRAVITY.indexOf(one.fate) ? other : one
  const { file, line, address } = one
  const { at: _, ...said } = { ...one, ...other }
  const at = one.fate === other.fate ? lastOf(one, other) : graver.at
  return {
    ...said,
    file,
    line,
    address,
    fate: graver.fate,
    ...(at && { at }),
    copies: one.copies + 1,
    ...((one.gone || other.gone) && { gone: [...new Set([...(one.gone ?? []), ...(other.gone ?? [])])] }),
    ...(one.more && other.more && { more: bothSay(one.more, other.more) }),
  }
}

/** When somebody was gone at last; unknown where one of two rows does not say when. */
function lastOf(one: Candidate, other: Candidate): Instant | undefined {
  return one.at && other.at && (Math.max(one.at, other.at) as Instant)
}

function bothSay(one: More, other: More): More {
  const fields = { ...one.fields, ...other.fields }
  return { ...one, ...other, ...(Object.keys(fields).length > 0 && { fields }) }
}

import { type Instant, instant } from '../../db/instant.ts'
import { addressHash, type Email } from '../address.ts'
import { languageTag, zoneName } from '../locale.ts'
import { networkOf, plainAddress } from '../network.ts'
import { Problem } from '../problem.ts'
import { type Cells, original } from '../spreadsheets/index.ts'
import { oneLine } from '../text.ts'
import { type Field as Declared, fieldsWith } from './fields.ts'
import { EVERY_DAY, minuteOf, pauseEnd, weekdayBits } from './hours.ts'
import { typedAddress } from './joining.ts'
import { type Field, type Layout, SAYING } from './layout.ts'
import type { More } from './more.ts'
import { type Fate, fateNamed, saysYes } from './states.ts'
import { columnsOf, readWishes } from './wishes.ts'

/** When and from which network somebody once agreed, as a file says. */
export type Moment = { at: Instant; network?: string }

/** A row that can be used; what it does not say is undefined. `at` is when its reader left or bounced. */
export type Reader = {
  fate: Fate
  address: Email
  hash: string
  name?: string
  language?: string
  format?: string
  zone?: string
  at?: Instant
  asked?: Moment
  confirmed?: Moment
  more?: More
}

/** Why a row cannot be used: the code of a sentence, and the cell that it is about. */
export type Refusal = { reason: Reason; value: string }

export type Reason =
  | 'no-address'
  | 'bad-address'
  | 'bad-local'
  | 'quoted-local'
  | 'bad-language'
  | 'bad-format'
  | 'bad-zone'
  | 'bad-name'
  | 'bad-state'
  | 'bad-at'
  | 'bad-weekdays'
  | 'bad-pause'
  | 'bad-sections'
  | 'bad-field'
  | 'control'
  | 'not-utf8'
  | 'too-long'
  | 'unclosed'

const LONGEST_NAME = 200
const FORMATS: Record<string, string> = {
  html: 'html',
  full: 'html',
  headlines: 'headlines',
  text: 'text',
  plain: 'text',
  txt: 'text',
}
const EARLIEST = Date.UTC(1995, 0)

const GRAVITY: Fate[] = ['in', 'waits', 'left', 'bounced']

/** What the rows of a file are read with: the declared fields, and the zone of who names none. */
export type Kin = { declared: Declared[]; home: string }

/** A reader of rows of one file, which remembers the few languages, zones and networks that it repeats. */
export function rowReader({ places, fate, fields }: Layout, kin: Kin): (row: Cells) => Reader | Refusal {
  const more = moreReader(fields, kin)
  const language = remembered(languageTag)
  const zone = remembered(zoneName)
  const stateOf = remembered(fateNamed)
  const single = places.filter(([field]) => !SAYING.includes(field)).map(([field, [place]]) => [field, place!] as const)
  const saying = places.filter(([field]) => SAYING.includes(field))
  return ({ cells: whole, trouble, legible }) => {
    const cells = trouble ? (legible ?? []) : whole
    const unreadable = trouble && { reason: trouble, value: printed(whole[0]) }
    const said: Partial<Record<Field, string>> = {}
    for (const [field, place] of single) {
      const cell = cells[place]
      if (cell) said[field] = original(cell)
    }
    const address = odd(said.email) ?? addressOf(said.email)
    if (typeof address === 'object') return unreadable ?? address
    const gone = goneAt(saying, cells)
    const state = worst(fate, gone, stateOf)
    const known = { fate: state.fate, address, hash: addressHash(address) }
    if (state.fate === 'left' || state.fate === 'bounced') {
      // Who is gone is gone, whatever else is wrong in the row.
      const at = state.fate === 'bounced' ? latest(gone.bounced_at) : latest([...gone.left_at, ...gone.deleted_at])
      const fine = state.fate === 'left' && !trouble && !oddest(said)
      const rest = fine ? more(admissible({ ...known }, said, language, zone), said, cells) : known
      return { ...('reason' in rest ? known : rest), ...(at !== undefined && { at }) }
    }
    const refused = unreadable ?? oddest(said) ?? state.refused
    if (refused) return refused
    return state.fate === 'in' ? more(admissible(known, said, language, zone), said, cells) : known
  }
}

/** What the columns say that tell who is gone. */
type Gone = Record<'states' | 'left_at' | 'bounced_at' | 'deleted_at', string[]>

function goneAt(saying: [Field, number[]][], cells: string[]): Gone {
  const gone: Gone = { states: [], left_at: [], bounced_at: [], deleted_at: [] }
  for (const [field, places] of saying) {
    const key = field in gone ? (field as keyof Gone) : 'states'
    for (const place of places) gone[key].push((cells[place] ?? '').trim())
  }
  return gone
}

const ODD = /[\p{Cc}\ufffd]/u

function odd(cell: string | undefined): Refusal | undefined {
  if (cell === undefined || !ODD.test(cell)) return undefined
  return { reason: cell.includes('\ufffd') ? 'not-utf8' : 'control', value: printed(cell) }
}

function oddest(said: Partial<Record<Field, string>>): Refusal | undefined {
  for (const field in said) {
    const refused = odd(said[field as Field])
    if (refused) return refused
  }
  return undefined
}

/** All the rest of a row whose reader may be written to. */
function admissible(
  known: Pick<Reader, 'fate' | 'address' | 'hash'>,
  said: Partial<Record<Field, string>>,
  languages: (text: string) => string,
  zones: (text: string) => string,
): Reader | Refusal {
  const reader: Reader = known
  const name = nameOf(said)
  if (name.length > LONGEST_NAME) return { reason: 'bad-name', value: printed(name) }
  if (name) reader.name = name
  if (said.format?.trim()) {
    const format = FORMATS[said.format.trim().toLowerCase()]
    if (!format) return { reason: 'bad-format', value: printed(said.format) }
    reader.format = format
  }
  if (said.language?.trim()) {
    const language = attempt(languages, said.language)
    if (!language) return { reason: 'bad-language', value: printed(said.language) }
    reader.language = language
  }
  if (said.zone?.trim()) {
    const zone = attempt(zones, said.zone)
    if (!zone) return { reason: 'bad-zone', value: printed(said.zone) }
    reader.zone = zone
  }
  const asked = momentOf(said.asked_at, said.asked_ip)
  if (asked) reader.asked = asked
  const confirmed = momentOf(said.confirmed_at, said.confirmed_ip)
  if (confirmed) reader.confirmed = confirmed
  return reader
}

/** Reads the hour, the pause, the sections and the declared fields, where a file has them. */
function moreReader(
  fields: [string, number][],
  { declared, home }: Kin,
): (reader: Reader | Refusal, said: Partial<Record<Field, string>>, cells: string[]) => Reader | Refusal {
  return (reader, said, cells) => {
    if ('reason' in reader) return reader
    const more: More = {}
    for (const [key, reason, read] of HOURS) {
      const cell = said[key]?.trim()
      if (!cell) continue
      const value = attempt(() => read(cell, reader.zone ?? home), cell)
      if (!value) return { reason, value: printed(cell) }
      Object.assign(more, value)
    }
    const filled = fields.flatMap(([name, place]) => (cells[place]?.trim() ? [[name, original(cells[place])]] : []))
    if (filled.length > 0) {
      const values: Record<string, string> = Object.fromEntries(filled)
      const kept = fieldsWith(declared, null, values)
      if ('unfit' in kept) return { reason: 'bad-field', value: printed(values[kept.unfit]) }
      if (kept.fields !== null) more.fields = JSON.parse(kept.fields)
    }
    return Object.keys(more).length > 0 ? { ...reader, more } : reader
  }
}

/** All seven are what the digest does anyway. */
function ownDays(cell: string): number | null {
  const bits = weekdayBits(cell)
  return bits === EVERY_DAY ? null : bits
}

const HOURS: [Field, Reason, (cell: string, zone: string) => More][] = [
  ['at', 'bad-at', (cell) => ({ minute: minuteOf(cell) })],
  ['weekdays', 'bad-weekdays', (cell) => ({ weekdays: ownDays(cell) })],
  ['paused_until', 'bad-pause', (cell, zone) => ({ paused_until: pauseEnd(cell, zone) })],
  [
    'sections',
    'bad-sections',
    (cell) => ({ sections: columnsOf(readWishes({ sections: sectionsOf(cell) })).sections! }),
  ],
]

/** Sections as a list with commas, or as the JSON that our own export writes where one has a comma in it. */
function sectionsOf(cell: string): string[] {
  if (!cell.startsWith('[')) return cell.split(/[,;،؛]/)
  try {
    const keys: unknown = JSON.parse(cell)
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'string')) return keys
  } catch {} // said below
  throw new Problem('bad-form')
}

/** The gravest of what the file, its states and its dates say; a refusal for a state that nobody knows, if no other says more. */
function worst(
  file: Fate,
  { states, left_at, deleted_at, bounced_at }: Gone,
  known: (word: string) => Fate | undefined,
): { fate: Fate; refused?: Refusal } {
  const fates = [file]
  const unknown: string[] = []
  for (const word of states) {
    const fate = known(word)
    const sure = fate === 'left' || fate === 'bounced' || !ODD.test(word)
    if (fate && sure) fates.push(fate)
    else unknown.push(word)
  }
  if ([...left_at, ...deleted_at].some(saysYes)) fates.push('left')
  if (bounced_at.some(saysYes)) fates.push('bounced')
  const fate = GRAVITY[Math.max(...fates.map((one) => GRAVITY.indexOf(one)))]!
  return { fate, ...(unknown.length > 0 && { refused: { reason: 'bad-state', value: printed(unknown[0]) } }) }
}

function addressOf(cell: string | undefined): Email | Refusal {
  if (!cell?.trim()) return { reason: 'no-address', value: '' }
  const address = attempt(typedAddress, cell)
  if (address) return address
  const local = cell.slice(0, Math.max(0, cell.lastIndexOf('@'))).trim()
  if (/^".*"$/.test(local)) return { reason: 'quoted-local', value: printed(cell) }
  const letters = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]+$/u.test(local) && /[^\0-\x7f]/.test(local)
  return { reason: letters ? 'bad-local' : 'bad-address', value: printed(cell) }
}

/** A name as plain text: what looks like a tag is no part of one. */
function nameOf({ name, first_name = '', last_name = '' }: Partial<Record<Field, string>>): string {
  let text = oneLine(name?.trim() ? name : `${first_name} ${last_name}`)
  for (let before = ''; before !== text && text.includes('<'); ) {
    before = text
    text = text.replace(/<[^<>]*>/g, '')
  }
  return text.trim()
}

function momentOf(time: string | undefined, address: string | undefined): Moment | undefined {
  const at = timeOf(time)
  if (at === undefined) return undefined
  const plain = plainAddress(address ?? '')
  return { at, ...(plain && { network: networkOf(plain) }) }
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)? ?(Z|UTC|[+-]\d\d:?\d\d)?/

/** A time as these programs write it, UTC unless it says otherwise; undefined for what nobody can rely on. */
function timeOf(cell: string | undefined): Instant | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00', offset = 'Z'] =
    TIME.exec(cell?.trim() ?? '') ?? []
  if (!year) return undefined
  const zone = offset === 'UTC' ? 'Z' : offset
  try {
    const moment = Temporal.Instant.from(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)
    return moment.epochMilliseconds >= EARLIEST ? instant(moment) : undefined
  } catch {
    return undefined // a date that there is not
  }
}

/** The latest of these times: whoever said yes himself before it has left since. */
function latest(cells: string[]): Instant | undefined {
  const times = cells.map(timeOf).filter((at) => at !== undefined)
  return times.length > 0 ? (Math.max(...times) as Instant) : undefined
}

/** A cell as it may be shown to people: short, and nothing that a terminal or a page would take for more than letters. */
function printed(cell = ''): string {
  return cell
    .slice(0, 200)
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .toWellFormed()
}

function attempt<T>(read: (text: string) => T, cell: string): T | undefined {
  try {
    return read(cell)
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function remembered<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const value = known.get(text) ?? read(text)
    if (known.size < 1000) known.set(text, value)
    return value
  }
}

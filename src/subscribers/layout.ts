import { email } from '../address.ts'
import { Problem } from '../problem.ts'
import { fold, printable } from '../text.ts'
import { type Fate, fateNamed, saysYes, tellsGone } from './states.ts'

/** What a column may be about. `left_at` and `bounced_at` are only found in files of people who are not to be written to. */
export type Field = keyof typeof HEADINGS

/** The programs whose files we know. */
export const ORIGINS = ['mailchimp', 'listmonk', 'ghost', 'mailpoet'] as const

/** The program a file comes from. */
export type Origin = (typeof ORIGINS)[number]

/** Where each field stands (several columns may say the state), whether the first record names the columns, and what it all is. */
export type Layout = {
  places: [Field, number[]][]
  header: boolean
  from?: Origin
  fate: Fate
  names: Record<string, string>
  /** Where declared fields stand, by their names. */
  fields: [string, number][]
  /** The columns that nobody reads, by their place. */
  unread: Map<number, string>
}

/** What a column that nobody reads says of somebody who is gone. */
export type Unheard = { column: string; value: string }

/** Columns by name or by number (from 1), as somebody said them: `-` is none. */
export type Mapping = Partial<Record<Field, string>> & Record<string, string>

export type LayoutTrouble = {
  code: 'csv-no-address' | 'csv-no-column' | 'csv-unclear'
  columns: string
  wanted?: string
}

/** The headings we understand, as `heading` writes them, the surest first. */
const HEADINGS = {
  email: [
    'email', 'e-mail', 'email address', 'e-mail address', 'mail', 'subscriber email', 'e mail', 'emailaddress', 'email id', 'البريد الالكتروني',
    'البريد', 'عنوان البريد الالكتروني', 'عنوان البريد', 'بريد الكتروني', 'الايميل', 'ايميل', 'بريد', 'e-posta', 'eposta', 'e-posta adresi', 'eposta adresi',
    'e posta', 'mail adresi', 'address',
  ],
  name: ['name', 'full name', 'fullname', 'your name', 'subscriber name', 'الاسم', 'الاسم الكامل', 'اسم', 'اسم المشترك', 'ad soyad', 'adi soyadi', 'adi', 'isim', 'isim soyisim', 'ad'],
  first_name: ['first name', 'firstname', 'fname', 'given name', 'الاسم الاول', 'ilk ad', 'on ad'],
  last_name: ['last name', 'lastname', 'lname', 'surname', 'family name', 'الاسم الاخير', 'اسم العائله', 'اللقب', 'الكنيه', 'soyad', 'soyadi', 'soyisim'],
  language: ['language', 'lang', 'اللغه', 'لغه', 'dil'],
  format: ['format', 'email format', 'الصيغه', 'bicim'],
  zone: ['zone', 'timezone', 'time zone', 'المنطقه الزمنيه', 'saat dilimi'],
  state: ['state', 'status', 'global status', 'list status', 'subscription status', 'subscriber status', 'member status', 'email status', 'الحاله', 'حاله', 'حاله الاشتراك', 'durum', 'abonelik durumu'],
  subscribed: ['subscribed to emails', 'subscribed', 'is subscribed', 'email subscribed', 'opted in', 'accepts marketing', 'accepts email marketing'],
  asked_at: ['optin time', 'opt-in time', 'opt in time', 'subscribed at', 'subscribed on', 'signup date', 'subscription date'],
  asked_ip: ['optin ip', 'opt-in ip', 'opt in ip', 'subscribed ip', 'signup ip'],
  confirmed_at: ['confirm time', 'confirmed at', 'confirmation time'],
  confirmed_ip: ['confirm ip', 'confirmed ip', 'confirmation ip'],
  left_at: ['unsub time', 'left at', 'unsubscribed at', 'unsubscribe time', 'unsubscribed on', 'unsubscribed', 'is unsubscribed', 'opted out', 'opt out', 'optout', 'email opt out', 'unsubscribed from all email'],
  bounced_at: ['clean time', 'bounced at', 'bounced', 'hard bounced', 'hard bounce', 'suppressed at', 'suppressed', 'blocklisted', 'blacklisted', 'email blacklisted', 'complained', 'complained at'],
  deleted_at: ['deleted at'],
  at: ['at'],
  weekdays: ['weekdays'],
  paused_until: ['paused until'],
  sections: ['sections'],
} as const // biome-ignore format: one table

/** Headings that only this program writes. */
const SIGNS: [Origin, string[]][] = [
  ['mailchimp', ['member rating', 'leid', 'euid']],
  ['mailchimp', ['optin time', 'leid']],
  ['ghost', ['subscribed to emails', 'complimentary plan']],
  ['listmonk', ['uuid', 'attributes', 'status']],
  ['mailpoet', ['global status']],
  ['mailpoet', ['list status']],
]

/**
 * Fields that tell who is gone. Several columns may speak of each, all of them heard: who joins tables of subscribers and
 * subscriptions gets two called `status`.
 */
export const SAYING: Field[] = ['state', 'subscribed', 'left_at', 'bounced_at', 'deleted_at']

/** Programs in which somebody is there from the day he asked. */
const SINCE_CREATED: (Origin | undefined)[] = ['ghost', 'listmonk', 'mailpoet']

/** What a file's first line is written in, where its headings show that whatever its charset: undefined if they do not. */
export function spoken(line: string): string | undefined {
  const cells = line.split(/[;,\t|]/).map((cell) => heading(cell.replaceAll('"', '')))
  return cells.some((cell) => TURKISH.test(cell)) ? 'tr' : undefined
}

/** Turkish headings by those of their letters that every charset has. */
const TURKISH = /^(?:e-?posta|e posta|mail adresi|isim|soyad|ad soyad|ad$|dil$|durum$|abonelik|saat dilimi|ilk ad$)/

/** Reads `field=column` as somebody typed it, or a Problem; `declared` are the names of declared fields. */
export function readMapping(words: string[], declared: string[] = []): Mapping {
  const known = [...Object.keys(HEADINGS), ...declared]
  const mapping: Mapping = {}
  for (const word of words) {
    const [, field = '', column = ''] = /^\s*([a-z_][a-z0-9_]*)\s*=(.+)$/s.exec(word) ?? []
    if (!known.includes(field) || !column.trim())
      throw new Problem('bad-map', { value: printable(word).slice(0, 60), known: known.join(', ') })
    mapping[field] = column.trim()
  }
  return mapping
}

/**
 * Finds the columns in a table's first records, or answers why it cannot. `name` is the file's, for programs that say there
 * who is in it.
 */
export function layout(
  records: string[][],
  name: string,
  mapping: Mapping,
  from?: Origin,
  declared: string[] = [],
): Layout | LayoutTrouble {
  const understood = columns(records, name, mapping, from, declared)
  return 'places' in understood && isUnclear(name, understood, mapping)
    ? { code: 'csv-unclear', columns: shown(records[0]!) }
    : understood
}

/** Headings of columns that tell who is gone, however they put it. */
const GONE = /unsub|opt(?:ed)?[ -]?out|bounce|complain|blacklist|block ?list|suppress|do not (?:e-?mail|mail|contact)/

/**
 * What a row says of somebody who is gone, in a column that nobody reads: then the file is not understood. Not where somebody
 * has said which column is the state, nor where nobody is added anyway.
 */
export function unheard({ unread, fate }: Layout, mapping: Mapping): (cells: string[]) => Unheard | undefined {
  if (mapping.state !== undefined || fate !== 'in' || unread.size === 0) return () => undefined
  const headings = new Map([...unread].map(([place, name]) => [place, GONE.test(heading(name))]))
  return (cells) => {
    for (let place = 0; place < cells.length; place++) {
      const cell = cells[place]!.trim()
      if (!cell || !unread.has(place)) continue
      if (!(headings.get(place) ? saysYes(cell) : tellsGone(cell))) continue
      return { column: shown([unread.get(place)!]) || String(place + 1), value: shown([cell]) }
    }
    return undefined
  }
}

function columns(
  records: string[][],
  name: string,
  mapping: Mapping,
  from: Origin | undefined,
  declared: string[],
): Layout | LayoutTrouble {
  const first = records[0]!
  const headings = first.map(heading)
  const found = recognised(headings)
  const mapped = Object.entries(mapping).filter(([field]) => Object.hasOwn(HEADINGS, field)) as [Field, string][]
  for (const [field, column] of mapped) {
    found.delete(field)
    if (column === '-') continue
    const place = placeOf(column, headings)
    if (place === undefined) return { code: 'csv-no-column', columns: shown(first), wanted: column }
    found.set(field, [place])
  }
  const fields = declaredIn(headings, declared, mapping, new Set([...found.values()].flat()))
  if ('wanted' in fields) return { code: 'csv-no-column', columns: shown(first), wanted: fields.wanted }
  const [at] = found.get('email') ?? []
  const holds = first.findIndex(isAddress)
  const headless = at === undefined ? holds !== -1 : isAddress(first[at] ?? '')
  if (headless)
    return withoutHeader(records, at ?? holds, mapped, found, fields, fateOf(name, [], from ?? named(name), from))
  if (at === undefined) return { code: 'csv-no-address', columns: shown(first) }
  const origin = from ?? SIGNS.find(([, signs]) => signs.every((sign) => headings.includes(sign)))?.[0] ?? named(name)
  const created = headings.indexOf('created at')
  if (SINCE_CREATED.includes(origin) && created !== -1 && !found.has('asked_at')) found.set('asked_at', [created])
  return {
    places: [...found],
    header: true,
    ...(origin && { from: origin }),
    fate: fateOf(name, headings, origin, from),
    names: Object.fromEntries(
      [...found, ...fields.map(([field, place]) => [field, [place]] as const)].map(([field, [place]]) => [
        field,
        (first[place!] ?? '').trim(),
      ]),
    ),
    fields,
    unread: unreadOf(first, [...[...found.values()].flat(), ...fields.map(([, place]) => place)], true),
  }
}

/** The columns that mean nothing to us; their headings where there is one. */
function unreadOf(first: string[], read: number[], header: boolean): Map<number, string> {
  const places = first.map((_, place) => place).filter((place) => !read.includes(place))
  return new Map(places.map((place) => [place, header ? first[place]! : '']))
}

/** A heading in the one spelling that `HEADINGS` has. */
function heading(cell: string): string {
  return fold(cell)
    .replaceAll('_', ' ')
    .replace(/[\s:*]+$/, '')
}

function recognised(headings: string[]): Map<Field, number[]> {
  const found = new Map<Field, number[]>()
  for (const [field, known] of Object.entries(HEADINGS) as [Field, readonly string[]][]) {
    const places = SAYING.includes(field)
      ? headings.flatMap((name, place) => (known.includes(name) ? [place] : []))
      : known.map((name) => headings.indexOf(name)).filter((place) => place !== -1)
    if (places.length > 0) found.set(field, SAYING.includes(field) ? places : [places[0]!])
  }
  return found
}

/** Where declared fields stand: where somebody said, else under their own names in a column that is about nothing else. */
function declaredIn(
  headings: string[],
  declared: string[],
  mapping: Mapping,
  taken: Set<number>,
): [string, number][] | { wanted: string } {
  const fields: [string, number][] = []
  for (const name of declared) {
    const column = Object.hasOwn(HEADINGS, name) ? undefined : mapping[name]
    if (column === '-') continue
    const own = headings.findIndex((one, place) => one === heading(name) && !taken.has(place))
    const place = column === undefined ? own : placeOf(column, headings)
    if (place === undefined) return { wanted: column! }
    if (place !== -1) fields.push([name, place])
  }
  return fields
}

/** The place of a column that somebody named: as the file does, or by its number. */
function placeOf(column: string, headings: string[]): number | undefined {
  const place = headings.indexOf(heading(column))
  if (place !== -1) return place
  const number = /^\d{1,5}$/.test(column.trim()) ? Number(column) : 0
  return number >= 1 ? number - 1 : undefined
}

/** Only what was said by number, the addresses, columns of nothing but states, and a name where nothing else can be one. */
function withoutHeader(
  records: string[][],
  at: number,
  mapped: [Field, string][],
  found: Map<Field, number[]>,
  fields: [string, number][],
  fate: Fate,
): Layout {
  const first = records[0]!
  const places: [Field, number[]][] = mapped.flatMap(([field]) => {
    const place = found.get(field)
    return place && field !== 'email' ? [[field, place] as [Field, number[]]] : []
  })
  const taken = [at, ...places.flatMap(([, some]) => some), ...fields.map(([, place]) => place)]
  const states = mapped.some(([field]) => field === 'state') ? [] : stateColumns(records, taken)
  if (states.length > 0) places.push(['state', states])
  else if (
    mapped.length + fields.length === 0 &&
    first.length === 2 &&
    /\p{L}/u.test(first[1 - at]!) &&
    !isAddress(first[1 - at]!)
  )
    places.push(['name', [1 - at]])
  places.push(['email', [at]])
  // What was only guessed to be a name may be a state as well.
  const said = [...taken, ...states]
  return {
    places,
    header: false,
    unread: unreadOf(
      records.reduce((one, other) => (other.length > one.length ? other : one)),
      said,
      false,
    ),
    fate,
    names: Object.fromEntries(
      [...places.map(([field, [place]]) => [field, place!] as const), ...fields].map(([field, place]) => [
        field,
        String(place + 1),
      ]),
    ),
    fields,
  }
}

/** The columns in which nothing but states stands. */
function stateColumns(records: string[][], taken: number[]): number[] {
  const widest = Math.max(...records.map((cells) => cells.length))
  return Array.from({ length: widest }, (_, place) => place).filter((place) => {
    const cells = taken.includes(place) ? [] : records.map((row) => row[place]?.trim()).filter(Boolean)
    return cells.length > 0 && cells.every((cell) => fateNamed(cell!) !== undefined)
  })
}

/**
 * What the whole file says. A column that tells when somebody left or bounced is in no file of people who read, so such a
 * file never adds anybody, whatever it is called.
 */
function fateOf(name: string, headings: string[], from: Origin | undefined, said: Origin | undefined): Fate {
  if (headings.includes('clean time')) return 'bounced'
  if (headings.includes('unsub time')) return 'left'
  if (from !== 'mailchimp') return 'in'
  const file = nameOf(name)
  if (CLEANED.test(file) || (said && /^cleaned(?![a-z])/.test(file))) return 'bounced'
  if (/non-?_?subscribed|transactional|pending|archived/.test(file)) return 'waits'
  if (/unsubscribed/.test(file)) return 'left'
  return 'in'
}

/** Mailchimp's own name for those who bounced: a file that somebody tidied may be called cleaned as well. */
const CLEANED = /(?:^|[^a-z])cleaned_(?:(?:members|email_audience|audience|segment)_?export|export|email_addresses)/

/** Whether a file's name says that nobody in it is to be written to, and nothing in it says whether that is so. */
function isUnclear(name: string, { places, fate }: Layout, mapping: Mapping): boolean {
  if (fate !== 'in' || mapping.state !== undefined || !NAMED_GONE.test(nameOf(name))) return false
  return !places.some(([field]) => SAYING.includes(field))
}

const NAMED_GONE =
  /unsub|cleaned|bounce|opt(?:ed)?[-_ ]?outs?(?![a-z])|suppress|block(?:ed|[-_ ]?list)|black[-_ ]?list|complain|ayrilan|iptal/

function nameOf(path: string): string {
  return path.split(/[\\/]/).at(-1)!.toLowerCase()
}

/** Mailchimp names its files by who is in them. */
function named(name: string): Origin | undefined {
  return /(?:subscribed|cleaned|members)_(?:members|email_audience|audience|segment)?_?export/i.test(name)
    ? 'mailchimp'
    : undefined
}

function isAddress(cell: string): boolean {
  if (!cell.includes('@')) return false
  try {
    return email(cell) !== ''
  } catch {
    return false
  }
}

/** The headings for a sentence: those of a hostile file are many and long. */
function shown(first: string[]): string {
  const all = first.slice(0, 12).map((cell) =>
    cell
      .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
      .trim()
      .slice(0, 30),
  )
  return all.filter(Boolean).join(', ') + (first.length > 12 ? ', …' : '')
}

import type { Instant } from '../../db/instant.ts'
import { fold } from '../text.ts'
import type { Origin } from './item.ts'
import { MONTH, monthOf } from './months.ts'

/** A date as understood; without `at` it was not, or cannot be believed. */
export type Understood = { at?: Instant; how: string }

type Setting = Pick<Origin, 'zone' | 'dateOrder' | 'language' | 'now'>
type Day = { year: number; month: number; day: number; how: string }
type Time = { hour: number; minute: number; second: number; millisecond: number; offset?: number; zone: string }

const EARLIEST = Date.UTC(1990, 0)
const LONGEST = 120
const OFFSETS: Record<string, number> = {
  z: 0, ut: 0, utc: 0, gmt: 0, wet: 0, west: 1, bst: 1, cet: 1, mez: 1, cest: 2, mesz: 2, eet: 2, eest: 3, trt: 3, tsi: 3, ast: 3,
  msk: 3, idt: 3, gst: 4, irst: 3.5, pkt: 5, est: -5, edt: -4, cst: -6, cdt: -5, mst: -7, mdt: -6, pst: -8, pdt: -7, غرينتش: 0, جرينتش: 0,
} // biome-ignore format: hours
const CLOCK =
  /(?<![\d:])(\d{1,2}) ?: ?(\d{1,2})(?: ?: ?(\d{1,2})(?:[.,](\d{1,9}))?)?(?: ?(am|pm|a\.m\.?|p\.m\.?|صباحا|مساء|ظهرا|ص|م|oo|os)(?!\p{L}))?/u
const DOTTED = /(?<![\d.])([01]?\d|2[0-3])\.([0-5]\d)(?![\d.])/ // as Turkish and German write an hour; no part of 04.12.2025
const ZONE = /^ ?\(?(?:(?:utc|gmt|بتوقيت) ?)?(?:([+-])(\d{1,2}):?(\d{2})?(?!\d)|(\p{L}{1,6})(?!\p{L}))/u
const ISO = /^(\d{4})-?(\d{2})-?(\d{2})(?: ?t ?| |$)/
const COMPACT = /^(\d{8}) ?t ?(\d{2})(\d{2})(\d{2})?/
const YEAR_FIRST = /(?<!\d)(\d{4}) ?[-/.] ?(\d{1,2}) ?[-/.] ?(\d{1,2})(?!\d)/
const IN_ORDER = /(?<!\d)(\d{1,2}) ?[-/.] ?(\d{1,2}) ?[-/.] ?(\d{4}|\d{2})(?!\d)/
const NAMED = `${MONTH}(?:[ /.()،,-]{1,4}${MONTH}\\)?)?`
const DAY_MONTH = new RegExp(`(?<!\\d)(\\d{1,2})(?:\\.|st|nd|rd|th|er)?[ -]{0,3}(?:من |of |de )?${NAMED}[ .,،/-]{0,4}(\\d{4}|\\d{2})(?!\\d)`, 'u') // biome-ignore format: one pattern
const MONTH_DAY = new RegExp(`${NAMED}[ .-]{0,3}(\\d{1,2})(?:st|nd|rd|th)?(?!\\d)[ ,،]{0,4}(\\d{4}|\\d{2})(?![\\d:])`, 'u') // biome-ignore format: one pattern
const YEAR_MONTH_DAY = new RegExp(`(\\d{4})[ .,/-]{1,3}${NAMED}[ .,/-]{1,3}(\\d{1,2})(?!\\d)`, 'u')

/**
 * A date in whatever spelling: RFC 822, ISO 8601, month names in English, Arabic, Turkish, French and German, numbers in
 * the source's order, digits of three kinds, seconds or milliseconds since 1970. Never throws.
 *
 * Where it names no zone it is the source's wall clock. What lies before 1990 or has not come yet is not believed.
 */
export function readDate(raw: string, setting: Setting): Understood {
  const text = fold(raw.slice(0, LONGEST * 2)).slice(0, LONGEST)
  if (!text) return { how: 'it is empty' }
  try {
    return believed(counted(text) ?? spelled(text, setting) ?? { how: 'not understood' }, setting.now)
  } catch {
    return { how: 'there is no such day' }
  }
}

function believed(date: Understood, now: Instant): Understood {
  if (date.at === undefined) return date
  if (date.at < EARLIEST) return { how: `${date.how}; before 1990, so not believed` }
  if (date.at > now) return { how: `${date.how}; it has not come yet, so not believed` }
  return date
}

/** Seconds or milliseconds since 1970. */
function counted(text: string): Understood | undefined {
  if (/^\d{9,10}(\.\d+)?$/.test(text))
    return { at: Math.floor(Number(text) * 1000) as Instant, how: 'seconds since 1970' }
  if (/^\d{12,13}$/.test(text)) return { at: Number(text) as Instant, how: 'milliseconds since 1970' }
  return undefined
}

function spelled(text: string, setting: Setting): Understood | undefined {
  const whole = text.replace(COMPACT, (_, day: string, hour: string, minute: string, second = '00') => `${day} ${hour}:${minute}:${second}`) // biome-ignore format: one line
  const clock = CLOCK.exec(whole) ?? DOTTED.exec(whole)
  const time = clock ? timeOf(clock, whole.slice(clock.index + clock[0].length)) : MIDNIGHT
  if (!time) return undefined
  const rest = clock ? `${whole.slice(0, clock.index)} ${time.rest}` : whole
  const day = dayOf(rest.replace(/\s+/g, ' ').trim(), setting)
  return day && momentOf(day, time, setting)
}

const MIDNIGHT: Time & { rest: string } = { hour: 0, minute: 0, second: 0, millisecond: 0, zone: '', rest: '' }

function timeOf(clock: RegExpExecArray, after: string): (Time & { rest: string }) | undefined {
  const [, hours, minutes, seconds = '0', fraction = '0', half] = clock
  const zone = ZONE.exec(after)
  const offset = zone ? offsetOf(zone) : undefined
  const [minute, second] = [Number(minutes), Math.min(Number(seconds), 59)] // 60 is a leap second
  const hour = half ? (Number(hours) % 12) + (/^(p|م|ظ|os)/.test(half) ? 12 : 0) : Number(hours)
  if (hour > 24 || minute > 59 || (half && Number(hours) > 12 && Number(hours) !== hour)) return undefined
  const millisecond = Math.floor(Number(`0.${fraction}`) * 1000)
  const rest = offset === undefined ? after : after.slice(zone![0].length)
  return {
    hour,
    minute,
    second,
    millisecond,
    rest,
    zone: zone?.[0].trim() ?? '',
    ...(offset !== undefined && { offset }),
  }
}

/** Minutes east of Greenwich; undefined for a word that is no zone. */
function offsetOf([, sign, hours, minutes = '0', name]: RegExpExecArray): number | undefined {
  if (name) return Object.hasOwn(OFFSETS, name) ? OFFSETS[name]! * 60 : undefined
  const offset = Number(hours) * 60 + Number(minutes)
  return offset > 18 * 60 ? undefined : sign === '-' ? -offset : offset
}

function dayOf(text: string, setting: Setting): Day | undefined {
  const iso = ISO.exec(text) ?? YEAR_FIRST.exec(text)
  if (iso) return { year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]), how: 'year first' }
  const named = DAY_MONTH.exec(text)
  if (named) return { year: yearOf(named[4]!), month: monthOf(named[2]!), day: Number(named[1]), how: 'month by name' }
  const first = MONTH_DAY.exec(text)
  if (first) return { year: yearOf(first[4]!), month: monthOf(first[1]!), day: Number(first[3]), how: 'month by name' }
  const last = YEAR_MONTH_DAY.exec(text)
  if (last) return { year: Number(last[1]), month: monthOf(last[2]!), day: Number(last[4]), how: 'month by name' }
  const numbers = IN_ORDER.exec(text)
  return numbers ? ordered(Number(numbers[1]), Number(numbers[2]), yearOf(numbers[3]!), setting) : undefined
}

/** RFC 2822 §4.3: years of two digits. */
function yearOf(digits: string): number {
  const year = Number(digits)
  return digits.length === 4 ? year : year + (year < 50 ? 2000 : 1900)
}

function ordered(first: number, second: number, year: number, { dateOrder, language }: Setting): Day {
  const american = /^en(-us)?$/i.test(language ?? '')
  const wanted = dateOrder === 'auto' ? (american ? 'month' : 'day') : dateOrder
  const order = first > 12 ? 'day' : second > 12 ? 'month' : wanted
  const why = order === wanted ? '' : ', for there is no such month'
  return order === 'day'
    ? { year, month: second, day: first, how: `day first${why}` }
    : { year, month: first, day: second, how: `month first${why}` }
}

function momentOf(day: Day, time: Time, { zone }: Setting): Understood {
  const { year, month, hour, minute, second, millisecond } = { ...day, ...time }
  const utc = Date.UTC(year, month - 1, day.day, hour, minute, second, millisecond)
  if (new Date(Date.UTC(year, month - 1, day.day)).getUTCDate() !== day.day || month > 12)
    return { how: 'there is no such day' }
  if (time.offset !== undefined)
    return { at: (utc - time.offset * 60_000) as Instant, how: `${day.how}; zone ${time.zone}` }
  // What a change of clocks leaves out is read as if it had not been; what it repeats is the first of the two.
  const wall = Temporal.Instant.fromEpochMilliseconds(utc).toZonedDateTimeISO('UTC').toPlainDateTime()
  return { at: wall.toZonedDateTime(zone).epochMilliseconds as Instant, how: `${day.how}; no zone, so ${zone}` }
}

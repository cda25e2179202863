import { IntlMessageFormat } from 'intl-messageformat'
import type { Instant } from '../db/instant.ts'
import { MESSAGES, type MessageKey } from './messages.ts'
import { Problem } from './problem.ts'

export type { MessageKey } from './messages.ts'

/** The languages whose sentences we ship; any other one reads English around its own articles. */
export const spoken = Object.keys(MESSAGES)

/** A language tag in its canonical form (BCP 47), or a Problem. */
export function languageTag(text: string): string {
  try {
    return Intl.getCanonicalLocales(text.trim().replaceAll('_', '-'))[0] ?? refuse(text)
  } catch {
    return refuse(text)
  }
}

function refuse(text: string): never {
  throw new Problem('bad-language', { value: text })
}

/** Whether it is a tag at all: what stands in a database may have been damaged, and no page is to end by that. */
export function isLanguage(text: string): boolean {
  try {
    return new Intl.Locale(text) !== undefined
  } catch {
    return false
  }
}

/** What a language is called in another; what is no language, or has no name there, as it is. */
export function languageName(tag: string, language: string): string {
  try {
    return new Intl.DisplayNames([language, 'en'], { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}

/** The base direction of a language's script; from left to right for what is no language. */
export function direction(language: string): 'rtl' | 'ltr' {
  const known = directions.get(language)
  if (known) return known
  const found = isLanguage(language) ? (new Intl.Locale(language).getTextInfo().direction ?? 'ltr') : 'ltr'
  directions.set(language, found)
  return found
}

const directions = new Map<string, 'rtl' | 'ltr'>() // by language tags, of which a paper has a handful

const compiled = new Map<string, IntlMessageFormat>()

/** The sentence of this key in this language (English where we have none), its ICU plurals and values filled in. Plain text. */
export function say(language: string, key: MessageKey, values: Record<string, string | number> = {}): string {
  const spokenHere = language.split('-')[0]!.toLowerCase()
  const sentences = MESSAGES[spokenHere]?.[key] ? spokenHere : 'en'
  const id = `${sentences} ${key}`
  let message = compiled.get(id)
  if (!message) {
    // Numbers in Latin digits everywhere, as on the reference newsroom's pages.
    message = new IntlMessageFormat(MESSAGES[sentences]![key] ?? key, `${sentences}-u-nu-latn`, undefined, {
      ignoreTag: true,
    })
    compiled.set(id, message)
  }
  try {
    return String(message.format(values))
  } catch {
    const missing = [...MESSAGES[sentences]![key]!.matchAll(/\{(\w+)(?=[,}])/g)].map((match) => [match[1]!, '…'])
    return String(message.format({ ...Object.fromEntries(missing), ...values })) // a gap in a sentence is better than none
  }
}

/** What a Problem says to the person who caused it. */
export function sentence(language: string, problem: Problem): string {
  return say(language, `problem.${problem.code}` as MessageKey, problem.values)
}

/**
 * `04/12/2025`, in Turkish `04.12.2025`: zero-padded Latin digits, whatever the language; `Intl` with `ar` neither pads nor
 * leaves out U+200F.
 */
export function shortDate(at: Instant, zone: string, language = ''): string {
  const { day, month, year } = dateIn(at, zone)
  return [two(day), two(month), year].join(/^tr\b/.test(language) ? '.' : '/')
}

/** A whole number in groups of three, in Latin digits: `12,000`, in Turkish `12.000`. */
export function wholeNumber(n: number, language: string): string {
  return new Intl.NumberFormat(`${language}-u-nu-latn`).format(n)
}

/** `40%`, in Turkish `%40`. */
export function percent(n: number, language: string): string {
  return /^tr\b/.test(language) ? `%${n}` : `${n}%`
}

/** The local calendar day and hour of a moment. */
function dateIn(at: Instant, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
}

/** `14:05`. */
export function clockTime(at: Instant, zone: string): string {
  const { hour, minute } = dateIn(at, zone)
  return `${two(hour)}:${two(minute)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

const ARABIC_MONTHS = [
  'كانون\u00a0الثاني / يناير', 'شباط / فبراير', 'آذار / مارس', 'نيسان / أبريل', 'أيار / مايو', 'حزيران / يونيو',
  'تموز / يوليو', 'آب / أغسطس', 'أيلول / سبتمبر', 'تشرين\u00a0الأول / أكتوبر', 'تشرين\u00a0الثاني / نوفمبر', 'كانون\u00a0الأول / ديسمبر',
] // biome-ignore format: a year

/** `الخميس 4 كانون الأول / ديسمبر 2025`, `Thursday 4 December 2025`, `4 Aralık 2025 Perşembe`. */
export function longDate(day: Temporal.PlainDate, language: string): string {
  const tag = `${language}-u-nu-latn-ca-gregory`
  if (language.startsWith('ar')) {
    return `${calendar(tag, { weekday: 'long' }).format(day)} ${day.day} ${ARABIC_MONTHS[day.month - 1]} ${day.year}`
  }
  return calendar(tag === 'en-u-nu-latn-ca-gregory' ? 'en-GB-u-nu-latn-ca-gregory' : tag, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })
    .format(day)
    .replace(/^(\p{L}+),/u, '$1')
}

/** `الخميس`, `Thursday`, `Perşembe`. */
export function weekdayName(day: Temporal.PlainDate, language: string): string {
  return calendar(`${language}-u-nu-latn-ca-gregory`, { weekday: 'long' }).format(day)
}

/** `كانون الأول / ديسمبر 2025`, `December 2025`, `Aralık 2025`; the month as `yyyy-mm`. */
export function monthName(month: string, language: string): string {
  const first = Temporal.PlainDate.from(`${month}-01`)
  if (language.startsWith('ar')) return `${ARABIC_MONTHS[first.month - 1]} ${first.year}`
  return first.toLocaleString(`${language}-u-nu-latn-ca-gregory`, { month: 'long', year: 'numeric' })
}

const calendars = new Map<string, Intl.DateTimeFormat>()

/** Made once: making one takes longer than all the rest of a page's frame. */
function calendar(tag: string, parts: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${tag} ${Object.keys(parts)}`
  const known = calendars.get(key) ?? new Intl.DateTimeFormat(tag, parts)
  if (calendars.size < 100) calendars.set(key, known)
  return known
}

/** The day by the Umm al-Qura calendar: `13 جمادى الآخرة 1447`. */
export function hijriDate(day: Temporal.PlainDate, language: string): string {
  const hijri = day.withCalendar('islamic-umalqura')
  const month = calendar(`${language}-u-nu-latn-ca-islamic-umalqura`, { month: 'long' }).format(hijri)
  return `${hijri.day} ${month} ${hijri.year}`
}

/** An IANA zone in its canonical spelling, or a Problem. */
export function zoneName(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text.trim() }).resolvedOptions().timeZone
  } catch {
    throw new Problem('bad-zone', { value: text })
  }
}

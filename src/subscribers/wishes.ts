import { languageTag, zoneName } from '../locale.ts'
import { Problem } from '../problem.ts'
import { fold } from '../text.ts'
import { EVERY_DAY } from './hours.ts'
import type { Subscription } from './standing.ts'

/**
 * How a reader wants the letters of a list. `sections` are keys, none is all; `minute` of the local day in `zone`, on `weekdays`
 * (bit 0 = Monday): null goes with the digest.
 */
export type Wishes = {
  language: string
  format: Format
  sections: string[]
  minute: number | null
  weekdays: number | null
  zone: string | null
}

/** How much a letter shows: stories with excerpts and a picture, their headlines alone, or plain text. */
export const FORMATS = ['html', 'headlines', 'text'] as const
export type Format = (typeof FORMATS)[number]

const MOST_SECTIONS = 100
const LONGEST_SECTION = 200

/** What a form or a command says about one wish, as it was typed; what it does not say is undefined. */
export type Typed = {
  language?: string | undefined
  format?: string | undefined
  sections?: string[] | undefined
  minute?: string | undefined
  weekdays?: string | undefined
  zone?: string | undefined
}

type Readers = { [Key in keyof Wishes]: (typed: NonNullable<Typed[Key]>) => Wishes[Key] }

const READ: Readers = {
  language: languageTag,
  format: (typed) => FORMATS.find((format) => format === typed) ?? refuse(),
  sections: (typed) => {
    if (typed.length > MOST_SECTIONS || typed.some((key) => key.length > LONGEST_SECTION)) refuse()
    return [...new Set(typed.map(fold).filter(Boolean))].sort()
  },
  minute: (typed) => (typed === '' ? null : within(typed, 0, 1439)),
  weekdays: (typed) => {
    const days = typed === '' ? EVERY_DAY : within(typed, 1, EVERY_DAY)
    return days === EVERY_DAY ? null : days
  },
  zone: (typed) => (typed === '' ? null : zoneName(typed)),
}

/** Reads wishes; one that cannot be is a Problem. */
export function readWishes(typed: Typed): Partial<Wishes> {
  return read(typed, (key) => (READ[key] as (value: unknown) => unknown)(typed[key]))
}

/** Reads wishes, passing over those that cannot be: where they were not typed by the one who would have to mend them. */
export function readableWishes(typed: Typed): Partial<Wishes> {
  return read(typed, (key) => {
    try {
      return (READ[key] as (value: unknown) => unknown)(typed[key])
    } catch (error) {
      if (error instanceof Problem) return undefined
      throw error
    }
  })
}

function read(typed: Typed, one: (key: keyof Wishes) => unknown): Partial<Wishes> {
  const keys = (Object.keys(READ) as (keyof Wishes)[]).filter((key) => typed[key] !== undefined)
  const pairs = keys.map((key) => [key, one(key)] as const).filter(([, value]) => value !== undefined)
  return Object.fromEntries(pairs) as Partial<Wishes>
}

/** What a subscription's row says of it. */
export function wishesOf(row: Pick<Subscription, keyof Wishes>): Wishes {
  const { language, minute, weekdays, zone } = row
  const format = FORMATS.find((one) => one === row.format) ?? 'html'
  return { language, format, sections: sectionsOf(row.sections), minute, weekdays, zone }
}

/** The columns of a subscription that say it. */
export function columnsOf({ sections, ...rest }: Partial<Wishes>): Partial<Pick<Subscription, keyof Wishes>> {
  return { ...rest, ...(sections && { sections: sections.length === 0 ? '' : JSON.stringify(sections) }) }
}

/** What was kept with a request; a row that was damaged wishes nothing. */
export function keptWishes(json: string | null): Partial<Wishes> {
  try {
    return json === null ? {} : readableWishes(typedAgain(JSON.parse(json) as Partial<Wishes>))
  } catch {
    return {}
  }
}

/** Whether a value is more than what a form begins with. */
export function isWish(value: unknown): boolean {
  return value !== null && value !== 'html' && !(Array.isArray(value) && value.length === 0)
}

/** Which columns were wished for, by what was kept with a request. */
export function wishedFor(json: string | null): string[] {
  return Object.entries(keptWishes(json)).flatMap(([key, value]) => (isWish(value) ? [key] : []))
}

function typedAgain({ minute, weekdays, zone, ...rest }: Partial<Wishes>): Typed {
  return {
    ...rest,
    ...(minute !== undefined && { minute: String(minute ?? '') }),
    ...(weekdays !== undefined && { weekdays: String(weekdays ?? '') }),
    ...(zone !== undefined && { zone: zone ?? '' }),
  }
}

function sectionsOf(json: string): string[] {
  try {
    const keys: unknown = json === '' ? [] : JSON.parse(json)
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : []
  } catch {
    return []
  }
}

function within(typed: string, least: number, most: number): number {
  const number = /^\d{1,4}$/.test(typed) ? Number(typed) : Number.NaN
  return number >= least && number <= most ? number : refuse()
}

function refuse(): never {
  throw new Problem('bad-form')
}

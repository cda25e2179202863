import { languageTag, zoneName } from '../locale.ts'
import { nearest } from '../nearest.ts'
import { Problem } from '../problem.ts'
import { FORMATS } from '../subscribers/index.ts'
import { oneLine } from '../text.ts'

/** A span of time: from `after` on, until before `before` (days, or moments with an offset), or the last so many (`30d`). */
export type Span = { after?: string; before?: string; within?: string }

/** How many, and within which time until now. */
export type Count = { at_least?: number; at_most?: number; within?: string }

/** What a field holds; of texts case and spelling do not matter to `contains` and `begins`. */
export type FieldTest = { name: string } & (
  | { is: string | number }
  | { in: (string | number)[] }
  | { begins: string }
  | { contains: string }
  | { at_least?: number; at_most?: number }
  | { after?: string; before?: string }
  | { empty: boolean }
)

/** What is true of a reader: one condition, or several put together. One key each. */
export type Rule =
  | { and: Rule[] }
  | { or: Rule[] }
  | { not: Rule }
  | { field: FieldTest }
  | { list: string }
  | { domain: string[] }
  | { language: string[] }
  | { format: string }
  | { zone: string[] }
  | { joined: Span }
  | { changed: Span }
  | { confirmed: boolean }
  | { letters: Count }
  | { bounces: Count }

const DEEPEST = 6
const MOST_CONDITIONS = 50
const MOST_VALUES = 100
const LONGEST = 10_000 // letters of the whole rule
const LONGEST_VALUE = 300
const KEYS = ['and', 'or', 'not', 'field', 'list', 'domain', 'language', 'format', 'zone', 'joined', 'changed', 'confirmed', 'letters', 'bounces'] as const // biome-ignore format: one list

/** Reads a rule as somebody wrote it: a Problem names the first thing in it that is unknown or cannot be, and its place. */
export function readRule(text: string): Rule {
  if (text.length > LONGEST) throw new Problem('rule-too-large', { most: LONGEST })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Problem('rule-not-json', { reason: (error as Error).message }, { cause: error })
  }
  return read(json, '', { left: MOST_CONDITIONS }, 1)
}

/** The conditions that a rule is put together of. */
export function tests(rule: Rule): Rule[] {
  if ('and' in rule) return rule.and.flatMap(tests)
  if ('or' in rule) return rule.or.flatMap(tests)
  return 'not' in rule ? tests(rule.not) : [rule]
}

type Budget = { left: number }

function read(json: unknown, place: string, budget: Budget, depth: number): Rule {
  if (depth > DEEPEST) throw new Problem('rule-too-deep', { most: DEEPEST })
  if (budget.left-- <= 0) throw new Problem('rule-too-many', { most: MOST_CONDITIONS })
  const [key, value] = onlyEntry(json, place)
  const here = place ? `${place}.${key}` : key
  switch (key) {
    case 'and':
      return { and: rules(value, here, budget, depth) }
    case 'or':
      return { or: rules(value, here, budget, depth) }
    case 'not':
      return { not: read(value, here, budget, depth + 1) }
    case 'field':
      return { field: fieldTest(value, here) }
    case 'list':
      return { list: word(value, here, '"weekly"', /^[a-z0-9-]{1,60}$/) }
    case 'domain':
      return { domain: several(value, here, '"gmail.com"').map((name) => domainName(name, here)) }
    case 'language':
      return { language: several(value, here, '"ar"').map((tag) => tried(() => languageTag(tag), here, tag, '"ar"')) }
    case 'format':
      if (!FORMATS.some((format) => format === value)) refuse(here, value, '"text"')
      return { format: value as string }
    case 'zone':
      return {
        zone: several(value, here, '"Europe/Istanbul"').map((zone) =>
          tried(() => zoneName(zone), here, zone, '"Europe/Istanbul"'),
        ),
      }
    case 'joined':
      return { joined: span(value, here) }
    case 'changed':
      return { changed: span(value, here) }
    case 'confirmed':
      if (typeof value !== 'boolean') refuse(here, value, 'true')
      return { confirmed: value as boolean }
    case 'letters':
      return { letters: count(value, here) }
    case 'bounces':
      return { bounces: count(value, here) }
  }
}

function rules(json: unknown, place: string, budget: Budget, depth: number): Rule[] {
  if (!Array.isArray(json) || json.length === 0) return refuse(place, json, '[{"language": "ar"}]')
  return json.map((one, index) => read(one, `${place}[${index}]`, budget, depth + 1))
}

function onlyEntry(json: unknown, place: string): [(typeof KEYS)[number], unknown] {
  const entries = Object.entries(object(json, place || 'the rule', '{"language": "ar"}', KEYS))
  if (entries.length !== 1) throw new Problem('rule-one-key', { place: place || '{}', n: entries.length })
  return entries[0] as [(typeof KEYS)[number], unknown]
}

/** An object of which each key is known. */
function object(json: unknown, place: string, example: string, keys: readonly string[]): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse(place, json, example)
  const unknown = Object.keys(json).find((key) => !keys.includes(key))
  if (unknown !== undefined)
    throw new Problem('rule-unknown', { place, key: shown(unknown), suggestion: nearest(unknown.slice(0, 40), keys) })
  return json as Record<string, unknown>
}

const TESTS = ['is', 'in', 'begins', 'contains', 'at_least', 'at_most', 'after', 'before', 'empty']
const EXAMPLE = '{"name": "city", "is": "حلب"}'

function fieldTest(json: unknown, place: string): FieldTest {
  const { name, ...test } = object(json, place, EXAMPLE, ['name', ...TESTS])
  const named = { name: word(name, `${place}.name`, '"city"', /^[a-z][a-z0-9_]{0,39}$/) }
  const keys = Object.keys(test).sort().join(' ')
  if (keys === 'is') return { ...named, is: scalar(test['is'], `${place}.is`) }
  if (keys === 'in') return { ...named, in: list(test['in'], `${place}.in`).map((one) => scalar(one, `${place}.in`)) }
  if (keys === 'begins') return { ...named, begins: text(test['begins'], `${place}.begins`, '"حل"') }
  if (keys === 'contains') return { ...named, contains: text(test['contains'], `${place}.contains`, '"حل"') }
  if (keys === 'empty' && typeof test['empty'] === 'boolean') return { ...named, empty: test['empty'] }
  if (/^(at_least)?( ?at_most)?$/.test(keys) && keys !== '') return { ...named, ...numbers(test, place) }
  if (/^(after)?( ?before)?$/.test(keys) && keys !== '') return { ...named, ...days(test, place) }
  return refuse(place, json, EXAMPLE)
}

function numbers(test: Record<string, unknown>, place: string): { at_least?: number; at_most?: number } {
  for (const [key, value] of Object.entries(test))
    if (typeof value !== 'number' || !Number.isFinite(value)) refuse(`${place}.${key}`, value, '5')
  return test as { at_least?: number; at_most?: number }
}

function days(test: Record<string, unknown>, place: string): { after?: string; before?: string } {
  for (const [key, value] of Object.entries(test)) date(value, `${place}.${key}`)
  return test as { after?: string; before?: string }
}

function span(json: unknown, place: string): Span {
  const example = '{"before": "2026-01-01"}'
  const given = object(json, place, example, ['after', 'before', 'within'])
  if (Object.keys(given).length === 0 || ('within' in given && Object.keys(given).length > 1))
    refuse(place, json, example)
  for (const key of ['after', 'before']) if (key in given) date(given[key], `${place}.${key}`)
  if ('within' in given) within(given['within'], `${place}.within`)
  return given as Span
}

function count(json: unknown, place: string): Count {
  const example = '{"at_least": 1, "within": "90d"}'
  const given = object(json, place, example, ['at_least', 'at_most', 'within'])
  if (!('at_least' in given) && !('at_most' in given)) refuse(place, json, example)
  for (const key of ['at_least', 'at_most']) {
    const value = given[key]
    const least = key === 'at_least' ? 1 : 0 // everybody has at least none
    if (key in given && !(Number.isInteger(value) && (value as number) >= least && (value as number) <= 100_000))
      refuse(`${place}.${key}`, value, '5')
  }
  if ('within' in given) within(given['within'], `${place}.within`)
  return given as Count
}

/** A day, or a moment with its offset. */
function date(json: unknown, place: string): string {
  const typed = text(json, place, '"2026-01-01"')
  try {
    if (/^\d{4}-\d\d-\d\d$/.test(typed)) return Temporal.PlainDate.from(typed).toString()
    return Temporal.Instant.from(typed).toString()
  } catch {
    return refuse(place, json, '"2026-01-01"')
  }
}

function within(json: unknown, place: string): string {
  const typed = text(json, place, '"90d"')
  return /^[1-9]\d{0,3}d$/.test(typed) && Number.parseInt(typed, 10) <= 3650 ? typed : refuse(place, json, '"90d"')
}

function domainName(typed: string, place: string): string {
  const name = typed.trim().toLowerCase().replace(/^@/, '')
  const ascii = name.startsWith('*.') ? `*.${asciiOf(name.slice(2))}` : asciiOf(name)
  return /^(\*\.)?([a-z0-9-]{1,63}\.)*[a-z0-9-]{2,63}$/.test(ascii) ? ascii : refuse(place, typed, '"gmail.com"')
}

function asciiOf(name: string): string {
  return URL.canParse(`http://${name}/`) ? new URL(`http://${name}/`).hostname : name
}

function several(json: unknown, place: string, example: string): string[] {
  return (Array.isArray(json) ? list(json, place) : [json]).map((one) => text(one, place, example))
}

function list(json: unknown, place: string): unknown[] {
  if (!Array.isArray(json) || json.length === 0 || json.length > MOST_VALUES) return refuse(place, json, '["a", "b"]')
  return json
}

function scalar(json: unknown, place: string): string | number {
  return typeof json === 'number' && Number.isFinite(json) ? json : text(json, place, '"حلب"')
}

function text(json: unknown, place: string, example: string): string {
  if (typeof json !== 'string' || !json.trim() || json.length > LONGEST_VALUE || /\p{Cc}/u.test(json))
    return refuse(place, json, example)
  return oneLine(json)
}

function word(json: unknown, place: string, example: string, pattern: RegExp): string {
  const typed = text(json, place, example)
  return pattern.test(typed) ? typed : refuse(place, json, example)
}

function tried<T>(make: () => T, place: string, value: unknown, example: string): T {
  try {
    return make()
  } catch {
    return refuse(place, value, example)
  }
}

function refuse(place: string, value: unknown, example: string): never {
  throw new Problem('rule-value', { place, value: shown(JSON.stringify(value) ?? '—'), example })
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import { direction, languageName, type MessageKey, say } from '../../locale.ts'
import * as retention from '../../retention.ts'
import * as subscribers from '../../subscribers/index.ts'
import type * as trail from '../../trail.ts'
import type { Html } from '../pages.ts'
import { durationOf } from './digests-words.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import type { Thing } from './trail-things.ts'

const LONGEST = 160 // letters of a value that are shown

/** What fields are called where they are set; others have words of the trail's own, or stand as they were written. */
const LABELS: Record<string, MessageKey> = {
  ...{ name: 'desk.settings-name', tagline: 'desk.settings-tagline', accent: 'desk.settings-accent' },
  ...{ zone: 'desk.settings-zone', language: 'desk.lists-language', logo_id: 'desk.settings-logo' },
  ...{ sender: 'desk.settings-sender-field', reply_to: 'desk.settings-reply', report_to: 'desk.settings-report' },
  ...{ postal_address: 'desk.settings-postal', relays: 'desk.settings-relays', roles: 'desk.roles' },
  ...{ about: 'desk.settings-page-about', contact: 'desk.settings-page-contact' },
  ...{ privacy: 'desk.settings-page-privacy', imprint: 'desk.settings-page-imprint' },
}
const OWN = [
  'added', 'at', 'bytes', 'channel', 'charset', 'credit', 'day', 'description', 'due_at', 'filter', 'first', 'format', 'guid', 'intake', 'late', 'left', 'letters', 'list', 'max', 'max_age', 'min', 'minute', 'out', 'paused_at', 'paused_until', 'reason', 'revision', 'rule', 'section', 'sections', 'selector', 'single_opt_in', 'size', 'state', 'stories', 'subject', 'suppressed', 'text', 'title', 'until_at', 'updated', 'url', 'visibility', 'weekdays', 'withdrawn_at', 'withdrawn_reason',
] as const // biome-ignore format: one list
const WORDS = ['active', 'archive', 'done', 'full', 'headlines', 'held', 'hold', 'html', 'keep', 'leave', 'left', 'link', 'news', 'own', 'partner', 'pending', 'private', 'public', 'publish', 'stopped', 'summary', 'text'] as const // biome-ignore format: one list

type Values = Record<string, unknown>

/** What the desk has its own use for, or what is said elsewhere in the line. */
const UNSAID = ['article', 'created_at', 'first_at', 'import', 'list_id', 'logo', 'name_id', 'slug', 'source']

/** What changed, field by field: what it was and what it is. `things` are those of the page by what the trail calls them. */
export function changesOf(
  visit: Visit,
  { verb, subject, before, after }: trail.Change,
  things: ReadonlyMap<string, Thing>,
): Html | '' {
  const [was, is] = [valuesOf(before), valuesOf(after)]
  const name = things.get(subject)?.name
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  const changed = keys
    .filter((key) => !UNSAID.includes(key) && !(key === 'title' && !(key in was) && is[key] === name))
    .filter((key) => JSON.stringify(was[key] ?? null) !== JSON.stringify(is[key] ?? null))
  if (changed.length === 0) return ''
  const kept = verb === 'retention.set'
  return html`<dl class="changes">${changed.map((key) => {
    const value = (one: unknown) =>
      kept ? lasting(visit, one) : shown(visit, key, verb === STAGED ? titled(one, things) : one)
    return html`<div><dt>${kept ? retained(visit, key) : label(visit.language, key)}:</dt> <dd>${before !== null && key in was && html`<del>${value(was[key])}</del> `}${after !== null && key in is && html`<ins>${value(is[key])}</ins>`}</dd></div>`
  })}</dl>`
}

const STAGED = 'digest.stage'

/** The articles that a line tells of by their ids: those of an edition that was arranged. */
export function toldOf({ verb, before, after }: trail.Change): string[] {
  if (verb !== STAGED) return []
  return [valuesOf(before), valuesOf(after)].flatMap(({ first, out }) =>
    [first, out].flatMap((ids) => (Array.isArray(ids) ? ids.map((id) => `article:${id}`) : [])),
  )
}

function titled(value: unknown, things: ReadonlyMap<string, Thing>): unknown {
  return Array.isArray(value) ? value.map((id) => things.get(`article:${id}`)?.name ?? id) : value
}

function valuesOf(text: string | null): Values {
  if (text === null) return {}
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : { title: value }
}

function label(language: string, key: string): string {
  if (Object.hasOwn(LABELS, key)) return say(language, LABELS[key]!)
  const own = OWN.find((one) => one === key)
  return own ? say(language, `desk.trail-field-${own.replaceAll('_', '-')}` as MessageKey) : key
}

function retained({ language }: Visit, key: string): string {
  const kind = retention.KINDS.find((one) => one === key)
  return kind ? say(language, `desk.retention-${kind}`) : key
}

function lasting({ language }: Visit, days: unknown): string {
  return days === null ? say(language, 'desk.retention-ever') : String(days)
}

function shown(visit: Visit, key: string, value: unknown): Html | string {
  const { language } = visit
  if (value === null || value === undefined || value === '') return say(language, 'desk.trail-nothing')
  if (typeof value === 'number') return numbered(visit, key, value)
  if (key === 'roles' && Array.isArray(value)) return rolesIn(language, value)
  if (key === 'language') return languageName(String(value), language)
  const word = WORDS.find((one) => one === value)
  if (word) return say(language, `desk.trail-value-${word}`)
  const text = typeof value === 'string' ? value : flat(language, value)
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return html`<bdi dir="auto">${short}</bdi>`
}

function rolesIn(language: string, roles: { role?: string }[]): string {
  const names = roles.map(({ role }) => accounts.ROLES.find((one) => one === role)).filter((role) => role !== undefined)
  return names.length === 0
    ? say(language, 'desk.no-role')
    : names.map((role) => say(language, `desk.role-${role}`)).join(' · ')
}

function numbered(visit: Visit, key: string, value: number): Html | string {
  const { language } = visit
  if (/_(at|until)$/.test(key)) return momentOf(visit, value as Instant)
  if (key === 'minute') return html`<bdi dir="ltr">${clock(value)}</bdi>`
  if (key === 'weekdays') return html`<bdi>${daysOf(language, value)}</bdi>`
  if (key === 'max_age' || key === 'late' || key === 'pause') return durationOf(language, value)
  if (key === 'bytes') return html`<bdi dir="ltr">${(value / 1e6).toFixed(1)} MB</bdi>`
  if (key === 'logo_id') return say(language, 'desk.trail-value-logo')
  return String(value)
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

function daysOf(language: string, weekdays: number): string {
  const names = subscribers.weekdayNames(weekdays).split(',').filter(Boolean)
  const all = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const monday = Temporal.PlainDate.from('2024-01-01')
  const day = new Intl.DateTimeFormat(language, { weekday: 'short' })
  return names.map((name) => day.format(monday.add({ days: all.indexOf(name) }))).join(direction(language) === 'rtl' ? '، ' : ', ') // biome-ignore format: one line
}

/** Lists and parts within parts, as a line. */
function flat(language: string, value: unknown): string {
  if (Array.isArray(value))
    return value.length === 0
      ? say(language, 'desk.trail-nothing')
      : value.map((one) => flat(language, one)).join(' · ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, one]) => `${label(language, key)} ${flat(language, one)}`)
    .join(' · ')
}

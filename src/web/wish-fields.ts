import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as channels from '../channels.ts'
import * as facets from '../facets.ts'
import { languageName, type MessageKey, say } from '../locale.ts'
import { FORMATS, type Typed, timeOf, type Wishes } from '../subscribers/index.ts'
import { city, named } from '../zones.ts'
import { foreign, type Html } from './pages.ts'

/*
 * The fields in which a reader says when and how letters are to come: on the sign-up form and among the preferences.
 */

/** A section that a reader may choose. */
export type Choice = { key: string; name: string; language: string }

/** What the fields are about. `zone` is the paper's; `wishes` is empty where nothing was chosen yet. */
export type Fields = { language: string; zone: string; sections: Choice[]; wishes: Partial<Wishes> }

export const NAMES: Record<string, string> = { ar: 'العربية', tr: 'Türkçe', en: 'English' }
const MOST_SECTIONS = 30
const DAYS = [1, 2, 3, 4, 5, 6, 7]
const MONDAY = Temporal.PlainDate.from('2026-11-23')

/** The sections that letters of a list can have: those its digests are made of; all, where it has no digest yet. */
export async function sectionsOf(app: App, listId: number): Promise<Choice[]> {
  const rows = await app.read
    .selectFrom('digest')
    .innerJoin('channel', 'channel.id', 'digest.channel_id')
    .select('channel.filter')
    .distinct()
    .where('digest.list_id', '=', listId)
    .execute()
  const filters = rows.map(channels.filterOf)
  const everything = filters.length === 0 || filters.some((filter) => Object.keys(filter).length === 0)
  const now = instant(app.now())
  if (everything) return facets.allSections(app.read, now, MOST_SECTIONS)
  const sized = await Promise.all(filters.map((filter) => channels.sized(app.read, filter)))
  return facets.allSections(app.read, now, MOST_SECTIONS, sized)
}

/** All the fields, each with what is wished already. */
export function wishFields(fields: Fields): Html {
  const { language } = fields
  return html`${frequency(fields)}
${when(fields)}
${choices(language, 'language', 'prefs.language', tongues(fields))}
${choices(language, 'format', 'prefs.format', formats(fields))}
${sections(fields)}`
}

/** What came back from these fields. What a form does not hold stays undefined. */
export function typedWishes(form: URLSearchParams): Typed {
  const frequency = form.get('frequency')
  const days = { '': '', daily: '', weekly: bit(form.get('day') ?? ''), kept: undefined }[frequency ?? 'kept']
  return {
    language: form.get('language') || undefined,
    format: form.get('format') || undefined,
    sections: form.has('choosing') ? form.getAll('section') : undefined,
    minute: form.get('minute') ?? undefined,
    weekdays: days,
    zone: form.get('zone') ?? undefined,
  }
}

/** What a day of the week is called; 1 is Monday. */
export function dayName(language: string, day: number): string {
  const date = MONDAY.add({ days: day - 1 })
  return date.toLocaleString(`${language}-u-nu-latn-ca-gregory`, { weekday: 'long' })
}

/** The one day of the week that letters come on, if it is one. */
export function onlyDay(weekdays: number | null | undefined): number | undefined {
  return DAYS.find((day) => weekdays === 1 << (day - 1))
}

function bit(day: string): string {
  return DAYS.includes(Number(day)) ? String(1 << (Number(day) - 1)) : 'none' // which no reader of wishes takes
}

function frequency({ language, wishes: { weekdays = null } }: Fields): Html {
  const day = onlyDay(weekdays)
  const some = weekdays !== null && day === undefined
  const one = (value: string, chosen: boolean, label: string) =>
    html`<p><label><input type="radio" name="frequency" value="${value}"${chosen && html` checked`}> ${label}</label></p>`
  return html`<fieldset><legend>${say(language, 'prefs.frequency')}</legend>
${one('daily', weekdays === null, say(language, 'prefs.daily'))}
${some && one('kept', true, say(language, 'prefs.days', { days: daysOf(language, weekdays) }))}
<p class="row"><label><input type="radio" name="frequency" value="weekly"${day && html` checked`}> ${say(language, 'prefs.weekly')}</label>
<select name="day" aria-label="${say(language, 'prefs.day')}">${DAYS.map((one) => option(String(one), dayName(language, one), one === (day ?? 1)))}</select></p>
</fieldset>`
}

function daysOf(language: string, weekdays: number): string {
  const names = DAYS.filter((day) => weekdays & (1 << (day - 1))).map((day) => dayName(language, day))
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(names)
}

function when({ language, zone, wishes }: Fields): Html {
  const { minute = null } = wishes
  const hours = Array.from({ length: 24 }, (_, hour) => hour * 60)
  const all = minute === null || hours.includes(minute) ? hours : [...hours, minute].sort((a, b) => a - b)
  return html`<p class="pair"><span><label for="minute">${say(language, 'prefs.hour')}</label>
<select id="minute" name="minute">${option('', say(language, 'prefs.hour-paper'), minute === null)}
${all.map((one) => option(String(one), timeOf(one), one === minute))}</select></span>
<span><label for="zone">${say(language, 'prefs.zone')}</label>
<select id="zone" name="zone">${option('', say(language, 'prefs.zone-paper', { zone: city(zone, language) }), !wishes.zone)}
${zones(language, wishes.zone).map(([value, name]) => option(value, name, value === wishes.zone))}</select></span></p>`
}

const sorted = new Map<string, [string, string][]>() // by the few languages that pages speak

/** The zones that have names of ours, by those names, and the reader's own. */
export function zones(language: string, own: string | null | undefined): [string, string][] {
  const { compare } = new Intl.Collator(language)
  const known =
    sorted.get(language) ??
    named.map((zone): [string, string] => [zone, city(zone, language)]).sort((a, b) => compare(a[1], b[1]))
  sorted.set(language, known)
  return !own || named.includes(own) ? known : [[own, city(own, language)], ...known]
}

type Option = { value: string; label: string; chosen: boolean; lang?: string }

function tongues({ language, wishes }: Fields): Option[] {
  const chosen = (wishes.language ?? language).split('-')[0]!
  const ours = Object.entries(NAMES).map(([value, label]) => ({ value, label, chosen: value === chosen, lang: value }))
  if (chosen in NAMES) return ours
  const label = languageName(wishes.language!, language)
  return [...ours, { value: wishes.language!, label, chosen: true }]
}

function formats({ language, wishes: { format = 'html' } }: Fields): Option[] {
  return FORMATS.map((value) => ({
    value,
    label: say(language, `prefs.format-${value}` as MessageKey),
    chosen: value === format,
  }))
}

function choices(language: string, name: string, title: MessageKey, options: Option[]): Html {
  return html`<fieldset><legend>${say(language, title)}</legend>
${options.map(({ value, label, chosen, lang }) => html`<p><label><input type="radio" name="${name}" value="${value}"${chosen && html` checked`}> <bdi${lang && html` lang="${lang}"`}>${label}</bdi></label></p>`)}
</fieldset>`
}

function sections({ language, sections: all, wishes: { sections: wanted = [] } }: Fields): Html | '' {
  const gone = wanted.filter((key) => !all.some((one) => one.key === key)) // no story is in them today
  const known = [...all, ...gone.map((key) => ({ key, name: key, language }))]
  if (known.length < 2) return ''
  return html`<fieldset><legend>${say(language, 'prefs.sections')}</legend>
<p class="small">${say(language, 'prefs.sections-all')}</p><input type="hidden" name="choosing" value="sections">
<div class="many">${known.map((one) => html`<p><label><input type="checkbox" name="section" value="${one.key}"${wanted.includes(one.key) && html` checked`}> <bdi${foreign(one.language, language)}>${one.name}</bdi></label></p>`)}</div>
</fieldset>`
}

function option(value: string, label: string, chosen: boolean): Html {
  return html`<option value="${value}"${chosen && html` selected`}>${label}</option>`
}

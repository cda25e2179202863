import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import * as channels from '../../channels.ts'
import * as digests from '../../digests/index.ts'
import { say, weekdayName } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as segments from '../../segments/index.ts'
import * as site from '../../site.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { digestPage, listOfDigest, mending, named, pathOf, WEEK } from './digests-frame.ts'
import { shortDuration } from './digests-words.ts'
import { choice, field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { seenSegment } from './lists-seen.ts'
import { mistake } from './refusal.ts'
import { type Answer, type Asking, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const CHANGE = '/admin/digests/:digest/change'

/** The form that a digest is promised with, and changed. */
export const formRoutes: Route[] = [
  { method: 'GET', path: '/admin/digests/_add', allow: 'digest.write', list: 'any', answer: (visit) => addPage(visit) },
  { method: 'POST', path: '/admin/digests', allow: 'digest.write', list: listTyped, answer: add },
  { method: 'GET', path: CHANGE, allow: 'digest.write', list: listOfDigest, answer: (visit) => changePage(visit) },
  { method: 'POST', path: CHANGE, allow: 'digest.write', list: listOfDigest, answer: change },
]

/** What the fields hold. */
type Values = Record<
  'slug' | 'title' | 'list' | 'channel' | 'segment' | 'at' | 'zone' | 'max' | 'min' | 'maxAge' | 'late',
  string
> & {
  weekdays: string[]
}

/** The list that is chosen in the form; 0, which is everybody's, for none. */
async function listTyped({ app, form }: Asking): Promise<number> {
  const lists = await subscribers.allLists(app.read)
  return lists.find(({ slug }) => slug === form.get('list'))?.id ?? 0
}

async function addPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, form } = visit
  const { zone } = await site.show(app, app.read)
  const usual: Values = {
    ...{ slug: '', title: '', list: '', channel: 'all', segment: '', at: '08:00', zone },
    ...{ max: '25', min: '1', maxAge: '48h', late: '4h', weekdays: [...subscribers.weekdayNames(127).split(',')] },
  }
  const page = await deskPage(
    visit,
    say(language, 'desk.digests-add'),
    html`${mistake(language, problem)}
<form method="post" action="/admin/digests">${hidden(visit)}
${await fields(visit, problem ? typed(form) : usual, 'new')}
<p><button type="submit">${say(language, 'desk.digests-add')}</button></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function add(visit: Visit): Answer {
  const { app, c, form } = visit
  const values = typed(form)
  return mending(
    async () => {
      if (values.list === '') throw new Problem('list-needed')
      const { slug, list, segment } = values
      if (segment) await seenSegment(visit, segment, 'digest.write')
      const { digest } = await digests.add(app, actorOf(visit), {
        ...{ slug, list, ...promised(values), channel: values.channel, at: values.at },
        ...(segment && { segment }),
      })
      return c.redirect(tellAt(pathOf({ digest }), 'saved'), 303)
    },
    (problem) => addPage(visit, problem),
  )
}

async function changePage(visit: Visit, problem?: Problem): Answer {
  const { language, form } = visit
  const place = await named(visit)
  return digestPage(
    visit,
    place,
    html`<h2>${say(language, 'desk.digests-change')}</h2>
<form method="post" action="${pathOf(place, 'change')}">${hidden(visit)}
${await fields(visit, problem ? typed(form) : await held(visit, place), place)}
<p><button type="submit">${say(language, 'desk.digests-save')}</button></p></form>`,
    problem,
  )
}

async function change(visit: Visit): Answer {
  const { app, c, form } = visit
  const place = await named(visit)
  return mending(
    async () => {
      const values = typed(form)
      if (values.segment) await seenSegment(visit, values.segment, 'digest.write')
      await digests.set(app, actorOf(visit), place.digest.slug, {
        ...promised(values),
        segment: values.segment === '' ? null : values.segment,
      })
      return c.redirect(tellAt(pathOf(place), 'saved'), 303)
    },
    (problem) => changePage(visit, problem),
  )
}

function typed(form: URLSearchParams): Values {
  const word = (name: string) => (form.get(name) ?? '').trim()
  return {
    ...{ slug: word('slug'), title: word('title'), list: word('list'), channel: word('channel') },
    ...{ segment: word('segment'), at: word('at'), zone: word('zone'), max: word('max'), min: word('min') },
    ...{ maxAge: word('maxAge'), late: word('late'), weekdays: form.getAll('weekdays') },
  }
}

/** What both verbs take of it. */
function promised({ title, channel, at, zone, max, min, maxAge, late, weekdays }: Values) {
  return {
    ...{ title, channel, at, zone, max: Number(max), min: Number(min) },
    ...{ maxAge, late, weekdays: weekdays.join(',') },
  }
}

async function held({ app }: Visit, { digest, slot }: digests.Place): Promise<Values> {
  const row = await app.db
    .selectFrom('digest')
    .innerJoin('channel', 'channel.id', 'digest.channel_id')
    .innerJoin('list', 'list.id', 'digest.list_id')
    .leftJoin('segment', 'segment.id', 'digest.segment_id')
    .select(['channel.slug as channel', 'list.slug as list', 'segment.slug as segment'])
    .where('digest.id', '=', digest.id)
    .executeTakeFirstOrThrow()
  const time = subscribers.timeOf(slot.minute)
  return {
    ...{ slug: digest.slug, title: digest.title, list: row.list, channel: row.channel, segment: row.segment ?? '' },
    ...{ at: time, zone: slot.zone, max: String(digest.max), min: String(digest.min) },
    ...{ maxAge: shortDuration(digest.max_age), late: shortDuration(digest.late) },
    weekdays: subscribers.weekdayNames(slot.weekdays).split(','),
  }
}

async function fields(visit: Visit, values: Values, of: digests.Place | 'new'): Promise<Html> {
  const { app, language } = visit
  const isNew = of === 'new'
  const streams = await channels.all(app.read)
  return html`${field(language, { name: 'title', label: 'desk.digests-title', value: values.title, required: true, max: 200 })}
${isNew && html`${field(language, { name: 'slug', label: 'desk.digests-slug', hint: 'desk.digests-slug-hint', value: values.slug, dir: 'ltr', required: true, max: 60 })}${await listChoice(visit, values.list)}`}
${choice(language, { name: 'channel', label: 'desk.digests-channel', value: values.channel, options: streams.map(({ slug, title }) => [slug, title || say(language, 'page.all-news')] as const) })}
${await segmentChoice(visit, values.segment, of)}
${field(language, { name: 'at', label: 'desk.digests-at', value: values.at, type: 'time', required: true })}
<fieldset><legend>${say(language, 'desk.digests-weekdays')}</legend>${WEEK.map((day, bit) => weekdayBox(language, day, bit, values.weekdays))}</fieldset>
${field(language, { name: 'zone', label: 'desk.digests-zone', hint: 'desk.digests-zone-hint', value: values.zone, dir: 'ltr', required: true, max: 60 })}
${field(language, { name: 'max', label: 'desk.digests-max', hint: 'desk.digests-max-hint', value: values.max, type: 'number', least: 1, most: 100, required: true })}
${field(language, { name: 'min', label: 'desk.digests-min', hint: 'desk.digests-min-hint', value: values.min, type: 'number', least: 1, most: 100, required: true })}
${field(language, { name: 'maxAge', label: 'desk.digests-max-age', hint: 'desk.digests-max-age-hint', value: values.maxAge, dir: 'ltr', required: true, max: 20 })}
${field(language, { name: 'late', label: 'desk.digests-late', hint: 'desk.digests-late-hint', value: values.late, dir: 'ltr', required: true, max: 20 })}`
}

function weekdayBox(language: string, day: Temporal.PlainDate, bit: number, chosen: string[]): Html {
  const value = subscribers.weekdayNames(1 << bit)
  return html`<span class="check"><input type="checkbox" id="day-${value}" name="weekdays" value="${value}"${chosen.includes(value) && html` checked`}> <label for="day-${value}">${weekdayName(day, language)}</label></span>
`
}

/** The lists that the visitor may promise something to. */
async function listChoice({ app, language, roles }: Visit, value: string): Promise<Html> {
  const lists = (await subscribers.allLists(app.read)).filter(({ id }) => accounts.may(roles, 'digest.write', id))
  return choice(language, {
    ...{ name: 'list', label: 'desk.digests-list', hint: 'desk.digests-list-hint', value, required: true },
    options: lists.map(({ slug, title }) => [slug, title] as const),
  })
}

/** The segments of the digest's list; of a new one, of every list that it may have. */
async function segmentChoice(
  { app, language, roles }: Visit,
  value: string,
  of: digests.Place | 'new',
): Promise<Html | ''> {
  const lists = new Map((await subscribers.allLists(app.read)).map((list) => [list.id, list.title]))
  const all = (await segments.all(app.read)).filter(({ list_id }) =>
    of === 'new' ? accounts.may(roles, 'digest.write', list_id) : list_id === of.digest.list_id,
  )
  if (all.length === 0) return ''
  const named = all.map(
    ({ slug, title, list_id }) => [slug, of === 'new' ? `${lists.get(list_id)}: ${title}` : title] as const,
  )
  return choice(language, {
    ...{ name: 'segment', label: 'desk.digests-segment', value },
    options: [['', say(language, 'desk.digests-whole')], ...named],
  })
}

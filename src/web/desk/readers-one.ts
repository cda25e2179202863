import { html } from 'hono/html'
import { type Instant, instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as digests from '../../digests/index.ts'
import * as explaining from '../../explaining.ts'
import { languageName, longDate, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { field } from './fields.ts'
import { hidden } from './frame.ts'

import { momentOf } from './moments.ts'
import { READERS, readersPage, withinOf } from './readers-page.ts'
import { timelineOf } from './readers-timeline.ts'
import { mistake } from './refusal.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** One reader: what we know, what happened, why letters came or did not. */
export const oneReaderRoutes: Route[] = [
  {
    ...{ method: 'GET', path: `${READERS}/:reader`, allow: 'reader.read', list: 'any' },
    answer: (visit) => oneReaderPage(visit),
  },
]

/** The reader that the page's address names, as far as the visitor may see. */
export function readerHere(visit: Visit): Promise<subscribers.OneReader> {
  const { app, params } = visit
  return subscribers.oneReader(app.read, params['reader'] ?? '', withinOf(visit))
}

export function pathOf({ public_id }: { public_id: string }): string {
  return `${READERS}/${public_id}`
}

/** What a reader is called on pages. */
export function calledIn(language: string, { address, erased_at }: subscribers.OneReader): string {
  return erased_at === null ? (address ?? '—') : say(language, 'desk.readers-erased')
}

async function oneReaderPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, roles } = visit
  const reader = await readerHere(visit)
  const events = await subscribers.timeline(app.read, reader.address_hash, withinOf(visit))
  const page = await readersPage(
    visit,
    READERS,
    calledIn(language, reader),
    html`${mistake(language, problem)}${await known(visit, reader)}${suppression(visit, reader)}
<section><h2>${say(language, 'desk.readers-lists')}</h2>${reader.subscriptions.map((one) => subscription(visit, reader, one))}</section>
${await answers(visit, reader)}
<section><h2>${say(language, 'desk.readers-timeline')}</h2>${await timelineOf(visit, events)}</section>
${accounts.may(roles, 'reader.write') && reader.erased_at === null && wholeDeeds(visit, reader)}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** The name and what else is kept, with the titles of the declared fields. */
async function known(visit: Visit, reader: subscribers.OneReader): Promise<Html> {
  const { app, language } = visit
  const declared = await subscribers.fields(app.read)
  const values: Record<string, string | number> = reader.fields === null ? {} : JSON.parse(reader.fields)
  const rows: [name: string, value: Html | string | number][] = [
    ...(reader.name ? [[say(language, 'desk.readers-name'), reader.name] as [string, string]] : []),
    [say(language, 'desk.readers-since'), momentOf(visit, reader.created_at)],
    ...declared
      .filter(({ name }) => Object.hasOwn(values, name))
      .map(({ name, title }) => [title, values[name]!] as [string, string | number]),
  ]
  return html`<dl class="record">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl>`
}

function suppression(visit: Visit, reader: subscribers.OneReader): Html | '' {
  const { language, roles } = visit
  if (!reader.suppression) return ''
  const { reason, created_at } = reader.suppression
  const lift =
    accounts.may(roles, 'reader.write') &&
    subscribers.isMendable(reason) &&
    html`<form method="post" action="${pathOf(reader)}/lift">${hidden(visit)}<button class="second" type="submit">${say(language, 'desk.suppressions-lift')}</button></form>`
  return html`<div class="told"><p>${say(language, 'desk.readers-is-suppressed')} ${explaining.why(language, reason)} (${momentOf(visit, created_at as Instant)})</p>${lift}</div>`
}

type Subscription = subscribers.OneReader['subscriptions'][number]

function subscription(visit: Visit, reader: subscribers.OneReader, one: Subscription): Html {
  const { language, roles } = visit
  const rows: [label: Parameters<typeof say>[1], value: Html | string][] = [
    ['desk.readers-state', say(language, `desk.readers-state-${one.state as subscribers.State}`)],
    ['desk.readers-joined', momentOf(visit, one.confirmed_at ?? one.created_at)],
    ...(one.left_at === null
      ? []
      : [['desk.readers-left', momentOf(visit, one.left_at)] as const].map(([a, b]) => [a, b] as [typeof a, Html])),
    ['desk.readers-language', languageName(one.language, language)],
    ['desk.readers-format', say(language, `desk.readers-format-${one.format as 'html' | 'headlines' | 'text'}`)],
  ]
  const may = accounts.may(roles, 'reader.write', one.list_id) && one.state !== 'left'
  return html`<h3><bdi>${one.title}</bdi></h3>
<dl class="record">${rows.map(([label, value]) => html`<div><dt>${say(language, label)}</dt><dd>${value}</dd></div>`)}</dl>
${may && leaveForm(visit, reader, one)}`
}

function leaveForm(visit: Visit, reader: subscribers.OneReader, { list }: Subscription): Html {
  const { language } = visit
  const name = `reason-${list}`
  return html`<details><summary>${say(language, 'desk.readers-leave')}</summary>
<form method="post" action="${pathOf(reader)}/leave">${hidden(visit)}<input type="hidden" name="list" value="${list}">
${field(language, { name, label: 'desk.readers-leave-reason', hint: 'desk.readers-leave-hint', required: true, max: 300 })}
<p><button type="submit">${say(language, 'desk.readers-leave')}</button></p></form></details>`
}

/** Why the latest editions came, or did not. */
async function answers(visit: Visit, reader: subscribers.OneReader): Promise<Html | ''> {
  const { app, language, zone } = visit
  if (reader.address === null) return ''
  const all = await digests.why(app.read, reader.address, instant(app.now()), withinOf(visit))
  if (all.length === 0) return ''
  const named = await app.read.selectFrom('digest').select(['slug', 'title']).execute()
  const names = new Map(named.map(({ slug, title }) => [slug, title]))
  const day = (on: string) => longDate(Temporal.PlainDate.from(on), language)
  return html`<section><h2>${say(language, 'desk.readers-why')}</h2><ul class="plain">${all.map(
    (one) =>
      html`<li><bdi>${names.get(one.digest) ?? one.digest}</bdi> · ${one.day && day(one.day)}: ${explaining.answer(language, one, zone)}</li>`,
  )}</ul></section>`
}

/** What concerns all lists of a reader: for who may do it everywhere. */
function wholeDeeds({ language }: Visit, reader: subscribers.OneReader): Html {
  const path = pathOf(reader)
  return html`<section><h2>${say(language, 'desk.readers-person')}</h2><ul class="plain">
<li><a class="go" href="${path}/data.json">${say(language, 'desk.readers-data')}</a></li>
${!reader.suppression && html`<li><a class="go" href="${path}/suppress">${say(language, 'desk.readers-suppress')}</a></li>`}
<li><a class="go" href="${path}/erase">${say(language, 'desk.readers-erase')}</a></li></ul></section>`
}

/** For deeds on a reader: a mistake that can be mended is said on the reader's page. */
export async function mending(visit: Visit, work: () => Answer): Answer {
  try {
    return await work()
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 404) return oneReaderPage(visit, problem)
    throw problem
  }
}

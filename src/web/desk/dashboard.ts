import { html } from 'hono/html'
import { type Instant, instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import type { App } from '../../app.ts'
import { clockTime, say, shortDate } from '../../locale.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { done, STEPS } from './standing.ts'

/** The first page: what comes next, what went out last, what is missing. */
export const dashboardRoutes: Route[] = [
  { method: 'GET', path: '/admin', allow: 'desk.read', list: 'any', answer: dashboard },
]

async function dashboard(visit: Visit): Answer {
  const { app, language } = visit
  const { zone } = await site.show(app, app.read)
  const made = await done(app)
  const missing = STEPS.filter((step) => !made.has(step))
  const mend = accounts.may(visit.roles, 'settings.write')
  const lists = accounts.listsOf(visit.roles, 'digest.read')
  return deskPage(
    visit,
    say(language, 'desk.dashboard'),
    html`${
      missing.length > 0 &&
      html`<section class="told"><h2>${say(language, 'desk.missing')}</h2><ul class="plain">${missing.map((step) => html`<li>${mend ? html`<a class="go" href="/admin/start?step=${step}">${say(language, `desk.start-${step}`)}</a>` : say(language, `desk.start-${step}`)}</li>`)}</ul></section>`
    }
${await coming(app, language, zone, lists)}
${await last(app, language, zone, lists)}`,
  )
}

/** The lists whose digests may be seen. */
type Lists = ReturnType<typeof accounts.listsOf>

async function coming(app: App, language: string, zone: string, lists: Lists): Promise<Html> {
  const rows = await app.read
    .selectFrom('slot')
    .innerJoin('digest', 'digest.id', 'slot.digest_id')
    .select(['digest.title', 'slot.next_at'])
    .where('slot.next_at', '>=', instant(app.now()))
    .$if(lists !== 'all', (query) => query.where('digest.list_id', 'in', lists as number[]))
    .orderBy('slot.next_at')
    .limit(5)
    .execute()
  return html`<section><h2>${say(language, 'desk.coming')}</h2>
${
  rows.length === 0
    ? html`<p>${say(language, 'desk.coming-none')}</p>`
    : html`<table class="rows"><tbody>${rows.map((row) => html`<tr><td><bdi>${row.title}</bdi></td><td>${moment(row.next_at, zone)}</td></tr>`)}</tbody></table>`
}</section>`
}

async function last(app: App, language: string, zone: string, lists: Lists): Promise<Html> {
  const rows = await app.read
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['edition.id', 'edition.public_id', 'edition.state', 'edition.composed_at', 'digest.title'])
    .$if(lists !== 'all', (query) => query.where('digest.list_id', 'in', lists as number[]))
    .orderBy('edition.composed_at', 'desc')
    .limit(5)
    .execute()
  const tallies = await app.read
    .selectFrom('tally')
    .select(['edition_id', 'state', 'n'])
    .where(
      'edition_id',
      'in',
      rows.map((row) => row.id),
    )
    .execute()
  const count = (id: number, state: string) =>
    tallies.find((one) => one.edition_id === id && one.state === state)?.n ?? 0
  return html`<section><h2>${say(language, 'desk.latest')}</h2>
${
  rows.length === 0
    ? html`<p>${say(language, 'desk.latest-none')}</p>`
    : html`<table class="rows"><thead><tr><th scope="col">${say(language, 'desk.digest')}</th><th scope="col">${say(language, 'desk.composed')}</th><th scope="col">${say(language, 'desk.submitted')}</th><th scope="col">${say(language, 'desk.refused')}</th></tr></thead>
<tbody>${rows.map((row) => html`<tr><td><bdi>${row.title}</bdi></td><td>${moment(row.composed_at, zone)}</td><td class="number">${count(row.id, 'submitted')}</td><td class="number">${count(row.id, 'refused')}</td></tr>`)}</tbody></table>`
}</section>`
}

function moment(at: Instant, zone: string): Html {
  return html`<time dir="ltr" datetime="${new Date(at).toISOString()}">${shortDate(at, zone)} ${clockTime(at, zone)}</time>`
}

import { html } from 'hono/html'
import { instant, later } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import { say, wholeNumber } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { comingDigests, latestEditions } from './dashboard-digests.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { done, missing } from './standing.ts'

const WEEK = 7 * 86_400_000

/** The first page: what comes next, what went out last, what is missing, who came and went. */
export const dashboardRoutes: Route[] = [
  { method: 'GET', path: '/admin', allow: 'desk.read', list: 'any', answer: dashboard },
]

async function dashboard(visit: Visit): Answer {
  return deskPage(
    visit,
    say(visit.language, 'desk.dashboard'),
    html`${await lacks(visit)}${await comingDigests(visit)}${await latestEditions(visit)}${await readers(visit)}${await reading(visit)}`,
  )
}

/** What has to be there before a first digest reaches anybody. */
async function lacks({ app, language, roles }: Visit): Promise<Html | ''> {
  const open = missing(language, await done(app), accounts.may(roles, 'settings.write'))
  return open ? html`<section class="told"><h2>${say(language, 'desk.missing')}</h2>${open}</section>` : ''
}

/** Who came and who went in the last seven days. */
async function readers({ app, language, roles }: Visit): Promise<Html | ''> {
  const lists = accounts.listsOf(roles, 'reader.read')
  if (lists !== 'all' && lists.length === 0) return ''
  const since = later(instant(app.now()), -WEEK)
  const { gained, lost, more } = await subscribers.movement(app.read, since, lists)
  const n = (number: number) => `${wholeNumber(number, language)}${more ? '+' : ''}`
  return html`<section><h2>${say(language, 'desk.week')}</h2><dl class="figures">
<div><dt>${say(language, 'desk.gained')}</dt><dd>${n(gained)}</dd></div>
<div><dt>${say(language, 'desk.lost')}</dt><dd>${n(lost)}</dd></div></dl></section>`
}

/** The sources that have not been read for more than a day. */
async function reading({ app, language, roles }: Visit): Promise<Html | ''> {
  if (!accounts.may(roles, 'source.read')) return ''
  const { all, hosts } = await sources.failing(app.read, instant(app.now()))
  if (all === 0) return ''
  return html`<section><h2>${say(language, 'desk.sources')}</h2>
${
  hosts.length === 0
    ? html`<p><a href="/admin/sources">${say(language, 'desk.sources-well', { n: all })}</a></p>`
    : html`<p>${say(language, 'desk.sources-failing', { n: hosts.length })}</p><ul class="plain">${hosts.slice(0, 10).map((host) => html`<li><a href="/admin/sources?state=failing"><bdi dir="ltr">${host}</bdi></a></li>`)}</ul>`
}</section>`
}

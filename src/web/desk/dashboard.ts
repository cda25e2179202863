import { html } from 'hono/html'
import { type Instant, instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as intake from '../../intake/index.ts'
import { say } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import * as subscribers from '../../subscribers/index.ts'
import * as writing from '../../writing.ts'
import type { Html } from '../pages.ts'
import { comingDigests } from './dashboard-coming.ts'
import { latestEditions } from './dashboard-editions.ts'
import { deskPage } from './frame.ts'
import { withinOf } from './readers-page.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { nameOf } from './sources-words.ts'
import { done, missing } from './standing.ts'
import { figure } from './table.ts'

const WEEK = 7 // days, with today
const MOST = 1000 // that are counted
const NAMED = 10 // sources

/** The first page: what comes next, what went out last, what is missing, who came and went. Each number leads to its rows. */
export const dashboardRoutes: Route[] = [
  { method: 'GET', path: '/admin', allow: 'desk.read', list: 'any', answer: dashboard },
]

async function dashboard(visit: Visit): Answer {
  return deskPage(
    visit,
    say(visit.language, 'desk.dashboard'),
    html`${await lacks(visit)}${await comingDigests(visit)}${await latestEditions(visit)}${await work(visit)}${await readers(visit)}${await reading(visit)}`,
  )
}

/** What has to be there before a first digest reaches anybody. */
async function lacks({ app, language, roles }: Visit): Promise<Html | ''> {
  const open = missing(language, await done(app), accounts.may(roles, 'settings.write'))
  return open ? html`<section class="told"><h2>${say(language, 'desk.missing')}</h2>${open}</section>` : ''
}

/** What waits for an editor: stories of sources, and drafts. */
async function work({ app, language, roles }: Visit): Promise<Html | ''> {
  if (!accounts.may(roles, 'article.read')) return ''
  const [waiting, drafts] = [await intake.heldCount(app.read, MOST), await writing.count(app.read, MOST)]
  return html`<section><h2>${say(language, 'desk.work')}</h2><dl class="figures">
${figure(language, say(language, 'desk.work-waiting'), '/admin/articles?state=waiting', Math.min(waiting, MOST), waiting > MOST)}
${figure(language, say(language, 'desk.work-drafts'), '/admin/articles?state=draft', Math.min(drafts, MOST), drafts > MOST)}</dl></section>`
}

/** Who came and who went in the last seven days, as the visitor's clock has them. */
async function readers(visit: Visit): Promise<Html | ''> {
  const { app, language, roles, zone } = visit
  if (accounts.listsOf(roles, 'reader.read').length === 0) return ''
  const day = app
    .now()
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .subtract({ days: WEEK - 1 })
  const since: Instant = instant(day.toZonedDateTime(zone).toInstant())
  const { gained, lost } = await subscribers.movement(app.read, since, withinOf(visit))
  return html`<section><h2>${say(language, 'desk.week')}</h2><dl class="figures">
${figure(language, say(language, 'desk.gained'), `/admin/readers?joined-after=${day}`, gained.n, gained.more)}
${figure(language, say(language, 'desk.lost'), `/admin/readers?left-after=${day}`, lost.n, lost.more)}</dl></section>`
}

/** The sources that have not been read for more than a day. */
async function reading({ app, language, roles }: Visit): Promise<Html | ''> {
  if (!accounts.may(roles, 'source.read')) return ''
  const { all, silent } = await sources.failing(app.read, instant(app.now()))
  if (all === 0) return ''
  const named = silent.slice(0, NAMED)
  return html`<section><h2>${say(language, 'desk.sources')}</h2><dl class="figures">
${figure(language, say(language, 'desk.sources-silent'), '/admin/sources?state=silent', silent.length)}
${figure(language, say(language, 'desk.sources-well'), '/admin/sources?state=well', all - silent.length)}</dl>
${named.length > 0 && html`<ul class="plain">${named.map((one) => html`<li><a href="/admin/sources/${one.id}"><bdi>${nameOf(one)}</bdi></a></li>`)}</ul>`}</section>`
}

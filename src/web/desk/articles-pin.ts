import { html } from 'hono/html'
import { instant, later } from '../../../db/instant.ts'
import type { Story } from '../../articles/index.ts'
import * as articles from '../../articles/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import { oneLine } from '../../text.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { articleIn, doing } from './articles-doing.ts'
import { ROOM } from './articles-states.ts'
import { field } from './fields.ts'
import { hidden } from './frame.ts'
import { fieldMoment, momentOf, readMoment } from './moments.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'

const A_DAY = 86_400_000

/** The story that leads the front page. */
export const pinRoutes: Route[] = [
  { method: 'POST', path: `${ROOM}/:article/pin`, allow: 'article.write', answer: pin },
  { method: 'POST', path: `${ROOM}/:article/unpin`, allow: 'article.write', answer: unpin },
]

/** Where an article is made the one that leads, until an hour. */
export async function pinForm(visit: Visit, { public_id, id }: Story): Promise<Html> {
  const { app, language } = visit
  const { zone } = await site.show(app, app.read)
  const now = instant(app.now())
  const pinned = await articles.pinned(app.read, now)
  if (pinned?.article_id === id)
    return html`<section><h2>${say(language, 'desk.articles-lead')}</h2><p>${say(language, 'desk.articles-leads')} ${momentOf(visit, pinned.until_at, zone)}</p>
<form method="post" action="${ROOM}/${public_id}/unpin">${hidden(visit)}<button class="second" type="submit">${say(language, 'desk.articles-unpin')}</button></form></section>`
  return html`<section><h2>${say(language, 'desk.articles-lead')}</h2><p>${say(language, 'desk.articles-lead-text')}${
    pinned &&
    html` ${say(language, 'desk.articles-lead-other')} <a href="${ROOM}/${pinned.public_id}" dir="auto">${pinned.title}</a>`
  }</p>
<form method="post" action="${ROOM}/${public_id}/pin">${hidden(visit)}
${field(language, { name: 'until', label: 'desk.articles-until', type: 'datetime-local', value: fieldMoment(later(now, A_DAY), zone), required: true })}
<p class="small">${say(language, 'desk.articles-zone', { zone: city(zone, language) })}</p>
<p><button class="second" type="submit">${say(language, 'desk.articles-pin')}</button></p></form></section>`
}

async function pin(visit: Visit): Answer {
  const { app, form } = visit
  const { public_id } = await articleIn(visit)
  const { zone } = await site.show(app, app.db)
  const typed = form.get('until') ?? ''
  const until = readMoment(typed, zone)
  if (until === undefined) throw new Problem('bad-date', { value: oneLine(typed).slice(0, 60) })
  return doing(visit, `${ROOM}/${public_id}`, () =>
    app.db.transaction().execute((db) => articles.pin(db, actorOf(visit), public_id, until, instant(app.now()))),
  )
}

async function unpin(visit: Visit): Answer {
  const { app } = visit
  const { id, public_id } = await articleIn(visit)
  return doing(visit, `${ROOM}/${public_id}`, () =>
    app.db.transaction().execute(async (db) => {
      const at = instant(app.now())
      if ((await articles.pinned(db, at))?.article_id === id) await articles.unpin(db, actorOf(visit), at)
    }),
  )
}

import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { stateWords } from './editions-words.ts'
import { fromNow, momentOf } from './moments.ts'
import type { Visit } from './routes.ts'

const MOST = 5

/** When each digest goes out next, and how long that is from now. */
export async function comingDigests(visit: Visit): Promise<Html> {
  const { app, language } = visit
  const lists = accounts.listsOf(visit.roles, 'digest.read')
  const rows = await app.read
    .selectFrom('slot')
    .innerJoin('digest', 'digest.id', 'slot.digest_id')
    .select(({ fn }) => ['digest.title', 'digest.slug', fn.min('slot.next_at').as('next_at')])
    .where('slot.next_at', '>=', instant(app.now()))
    .$if(lists !== 'all', (query) => query.where('digest.list_id', 'in', lists as number[]))
    .groupBy(['digest.id', 'digest.title', 'digest.slug'])
    .orderBy('next_at')
    .limit(MOST)
    .execute()
  if (rows.length === 0)
    return html`<section><h2>${say(language, 'desk.coming')}</h2><p>${say(language, 'desk.coming-none')}</p></section>`
  return html`<section><h2>${say(language, 'desk.coming')}</h2><table class="rows"><tbody>${rows.map(
    ({ title, slug, next_at }) =>
      html`<tr><th scope="row"><a href="/admin/digests/${slug}"><bdi>${title}</bdi></a></th><td>${momentOf(visit, next_at)}</td><td>${fromNow(visit, next_at)}</td></tr>`,
  )}</tbody></table></section>`
}

/** What became of the editions that were composed last. */
export async function latestEditions(visit: Visit): Promise<Html> {
  const { app, language } = visit
  const lists = accounts.listsOf(visit.roles, 'digest.read')
  const rows = await app.read
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select([
      'edition.id',
      'edition.public_id',
      'edition.composed_at',
      'edition.state',
      'edition.reason',
      'digest.title',
    ])
    .$if(lists !== 'all', (query) => query.where('digest.list_id', 'in', lists as number[]))
    .orderBy('edition.composed_at', 'desc')
    .limit(MOST)
    .execute()
  if (rows.length === 0)
    return html`<section><h2>${say(language, 'desk.latest')}</h2><p>${say(language, 'desk.latest-none')}</p></section>`
  const tallies = await app.read
    .selectFrom('tally')
    .select(['edition_id', 'state', 'n'])
    .where(
      'edition_id',
      'in',
      rows.map((row) => row.id),
    )
    .execute()
  const count = (id: number, state?: string) =>
    tallies.reduce((sum, one) => (one.edition_id === id && (!state || one.state === state) ? sum + one.n : sum), 0)
  const n = (edition: { id: number; public_id: string }, state?: string) =>
    html`<td class="number"><a href="/admin/digests/editions/${edition.public_id}${state && html`/deliveries?state=${state}`}">${count(edition.id, state)}</a></td>`
  return html`<section><h2>${say(language, 'desk.latest')}</h2><div class="wide" role="region" aria-label="${say(language, 'desk.latest')}" tabindex="0"><table class="rows"><thead><tr><th scope="col">${say(language, 'desk.digest')}</th><th scope="col">${say(language, 'desk.composed')}</th><th scope="col" class="number">${say(language, 'desk.recipients')}</th><th scope="col" class="number">${say(language, 'desk.submitted')}</th><th scope="col" class="number">${say(language, 'desk.refused')}</th></tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row"><a href="/admin/digests/editions/${row.public_id}"><bdi>${row.title}</bdi></a></th><td>${momentOf(visit, row.composed_at)}</td>${row.state === 'skipped' ? html`<td colspan="3">${stateWords(language, row.state, row.reason)}</td>` : html`${n(row)}${n(row, 'submitted')}${n(row, 'refused')}`}</tr>`,
  )}</tbody></table></div></section>`
}

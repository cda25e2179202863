import { html } from 'hono/html'
import { type Instant, instant, later } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import { clockTime, say } from '../../locale.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { fromNow, momentOf } from './moments.ts'
import type { Visit } from './routes.ts'

const MOST = 5
const STILL = 3_600_000 // ms that one whose hour has come is shown, until its edition is there

/**
 * When each digest goes out next, by the list's clock and the visitor's, and how long that is from now. A script counts down;
 * without it the page says when that was so.
 */
export async function comingDigests(visit: Visit): Promise<Html> {
  const { app, language, zone } = visit
  const now = instant(app.now())
  const rows = await comingOnes(visit, now)
  if (rows.length === 0)
    return html`<section><h2>${say(language, 'desk.coming')}</h2><p>${say(language, 'desk.coming-none')}</p></section>`
  return html`<section id="coming" data-now="${new Date(now).toISOString()}" hx-get="/admin" hx-select="#coming" hx-target="this" hx-swap="outerHTML" hx-select-oob="#latest" hx-trigger="come"><h2>${say(language, 'desk.coming')}</h2>
<div class="wide" role="region" aria-label="${say(language, 'desk.coming')}" tabindex="0"><table class="rows"><tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row"><a href="/admin/digests/${row.slug}"><bdi>${row.title}</bdi></a></th><td>${hourOf(visit, row)}</td><td>${countdown(visit, row.next_at)}</td></tr>`,
  )}</tbody></table></div>
<p class="small" data-made>${say(language, 'desk.coming-made', { time: clockTime(now, zone) })}</p></section>`
}

type Coming = { title: string; slug: string; next_at: Instant; zone: string }

/** Those of the digests' own hours; of those that readers chose for themselves there may be one every few minutes. */
async function comingOnes({ app, roles }: Visit, now: Instant): Promise<Coming[]> {
  const lists = accounts.listsOf(roles, 'digest.read')
  return app.read
    .selectFrom('slot')
    .innerJoin('digest', 'digest.id', 'slot.digest_id')
    .select(['digest.title', 'digest.slug', 'slot.next_at', 'slot.zone'])
    .where('slot.id', 'in', (query) =>
      query
        .selectFrom('slot')
        .select(({ fn }) => fn.min<number>('id').as('id'))
        .groupBy('digest_id'),
    )
    .where('slot.next_at', '>=', later(now, -STILL))
    .$if(lists !== 'all', (query) => query.where('digest.list_id', 'in', lists as number[]))
    .orderBy('slot.next_at')
    .orderBy('slot.id')
    .limit(MOST)
    .execute()
}

/** By the visitor's clock, and by the list's where that shows something else. */
function hourOf(visit: Visit, { next_at, zone }: Coming): Html {
  const { language } = visit
  const same = `${momentOf({ language, zone }, next_at)}` === `${momentOf(visit, next_at)}`
  if (same) return momentOf(visit, next_at)
  const at = (where: string) =>
    html`<span class="hour">${momentOf({ language, zone: where }, next_at)} <bdi>${city(where, language)}</bdi></span>`
  return html`${at(visit.zone)} ${at(zone)}`
}

function countdown(visit: Visit, at: Instant): Html {
  const due = at <= instant(visit.app.now())
  const words = due ? say(visit.language, 'desk.coming-due') : fromNow(visit, at)
  return html`<time data-until data-due="${say(visit.language, 'desk.coming-due')}" datetime="${new Date(at).toISOString()}">${words}</time> <span class="clock" dir="ltr" aria-hidden="true" hidden></span>`
}

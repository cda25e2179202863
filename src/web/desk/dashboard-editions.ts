import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import * as deliveries from '../../deliveries/index.ts'
import { longDate, say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { stateWords } from './editions-words.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { figure, number } from './table.ts'

const MOST = 5
const PARTS = ['submitted', 'refused', 'skipped', 'uncertain', 'waiting'] as const

type Row = Awaited<ReturnType<typeof latestOnes>>[number] & {
  progress: deliveries.Progress
  kept: deliveries.Kept | undefined
}

/** What became of the editions that were composed last; every number leads to the letters that it counts. */
export async function latestEditions(visit: Visit): Promise<Html> {
  const { app, language } = visit
  const found = await latestOnes(visit)
  const [ids, all] = [found.map(({ id }) => id), say(language, 'desk.latest-all')]
  const kept = await deliveries.verdicts(app.read, ids)
  const rows: Row[] = await Promise.all(
    found.map(async (row) => ({
      ...row,
      progress: await deliveries.progress(app.read, row.id),
      kept: kept.get(row.id),
    })),
  )
  const [last, ...earlier] = rows
  if (!last)
    return html`<section id="latest"><h2>${say(language, 'desk.latest')}</h2><p>${say(language, 'desk.latest-none')}</p></section>`
  return html`<section id="latest"><h2>${say(language, 'desk.latest')}</h2>${lastOne(visit, last)}</section>
${earlier.length > 0 && html`<section><h2>${say(language, 'desk.earlier')}</h2>${earlierOnes(visit, earlier)}</section>`}
<p><a class="go" href="/admin/digests/editions">${all}</a></p>`
}

/** Those of the digests' own hours. */
function latestOnes({ app, roles }: Visit) {
  const lists = accounts.listsOf(roles, 'digest.read')
  return app.read
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['edition.id', 'edition.public_id', 'edition.day', 'edition.composed_at', 'digest.title'])
    .select(['edition.state', 'edition.reason', 'edition.done_at'])
    .where('edition.slot_id', 'in', (query) =>
      query
        .selectFrom('slot')
        .select(({ fn }) => fn.min<number>('id').as('id'))
        .groupBy('digest_id'),
    )
    .$if(lists !== 'all', (query) => query.where('digest.list_id', 'in', lists as number[]))
    .orderBy('edition.composed_at', 'desc')
    .orderBy('edition.id', 'desc')
    .limit(MOST)
    .execute()
}

/** Recipients = submitted + refused + not sent + uncertain + waiting, and whether the letters themselves say so, too. */
function lastOne(visit: Visit, row: Row): Html {
  const { language } = visit
  const to = (state: string) => `${pathOf(row)}/deliveries?state=${state}`
  const figures = [
    figure(language, say(language, 'desk.recipients'), to('all'), row.progress.recipients),
    ...PARTS.map((part) => figure(language, say(language, `desk.editions-${part}`), to(part), row.progress[part])),
  ]
  return html`<p><a href="${pathOf(row)}"><bdi>${row.title}</bdi> · ${longDate(Temporal.PlainDate.from(row.day), language)}</a>
<span class="small">${stateWords(language, row.state, row.reason)} · ${say(language, 'desk.composed')} ${momentOf(visit, row.composed_at)}</span></p>
${row.state !== 'skipped' && html`<dl class="figures sum">${figures}</dl><p${row.kept?.outcome === 'amiss' && html` class="told"`}>${verdict(visit, row)}</p>`}`
}

function verdict(visit: Visit, { kept, state, public_id }: Row): Html {
  const { language } = visit
  if (!kept) return html`${say(language, state === 'done' ? 'desk.editions-uncounted' : 'desk.reconciled-later')}`
  const words = say(language, kept.outcome === 'even' ? 'desk.reconciled' : 'desk.reconciled-not')
  return html`<a href="/admin/digests/editions/${public_id}#verdict">${words}</a> <span class="small">${say(language, 'desk.reconciled-at')} ${momentOf(visit, kept.counted_at)}</span>`
}

function earlierOnes(visit: Visit, rows: Row[]): Html {
  const { language } = visit
  const heading = (words: string, isNumber = true) =>
    html`<th scope="col"${isNumber && html` class="number"`}>${words}</th>`
  return html`<div class="wide" role="region" aria-label="${say(language, 'desk.earlier')}" tabindex="0"><table class="rows"><thead><tr>
${heading(say(language, 'desk.digest'), false)}${heading(say(language, 'desk.composed'), false)}${heading(say(language, 'desk.recipients'))}${PARTS.map((part) => heading(say(language, `desk.editions-${part}`)))}${heading(say(language, 'desk.reconciled-heading'), false)}</tr></thead>
<tbody>${rows.map((row) => earlierOne(visit, row))}</tbody></table></div>`
}

function earlierOne(visit: Visit, row: Row): Html {
  const { language } = visit
  const n = (state: string, count: number) =>
    html`<td class="number"><a class="leads" href="${pathOf(row)}/deliveries?state=${state}">${number(language, count)}</a></td>`
  const short = row.state === 'skipped' ? stateWords(language, row.state, row.reason) : shortVerdict(language, row)
  return html`<tr><th scope="row"><a href="${pathOf(row)}"><bdi>${row.title}</bdi></a></th><td>${momentOf(visit, row.composed_at)}</td>${n('all', row.progress.recipients)}${PARTS.map((part) => n(part, row.progress[part]))}<td>${short}</td></tr>
`
}

function shortVerdict(language: string, { kept, state, reason }: Row): string {
  if (kept) return say(language, kept.outcome === 'even' ? 'desk.reconciled-short' : 'desk.reconciled-short-not')
  return state === 'done' ? '—' : stateWords(language, state, reason)
}

function pathOf({ public_id }: Row): string {
  return `/admin/digests/editions/${public_id}`
}

import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import { choice } from './fields.ts'
import { deskPage } from './frame.ts'
import { fromNow, momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { addRoutes } from './sources-add.ts'
import { itemRoutes } from './sources-items.ts'
import { pageRoutes } from './sources-page.ts'
import { nameOf, reviewOf } from './sources-words.ts'
import { afterIn, type Column, filters, table } from './table.ts'
import { toldHere } from './told.ts'

const HERE = '/admin/sources'
const PAGE = 50
const STATES = ['well', 'failing', 'silent', 'paused', 'ended', 'held'] as const

/** The sources: sites that are read. */
export const sourceRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'source.read', answer: room },
  ...addRoutes,
  ...pageRoutes,
  ...itemRoutes,
]

async function room(visit: Visit): Answer {
  const { app, language, query, roles } = visit
  const state = STATES.find((one) => one === query.get('state')) ?? ''
  const rows = await sources.listedPage(app.read, {
    ...{ state, after: afterIn(visit) ?? 0, limit: PAGE + 1 },
    now: instant(app.now()),
  })
  const page = rows.slice(0, PAGE)
  const options = [
    ['', say(language, 'desk.sources-any')] as const,
    ...STATES.map((one) => [one, say(language, `desk.sources-only-${one}`)] as const),
  ]
  return deskPage(
    visit,
    say(language, 'desk.sources'),
    html`${toldHere(visit)}<p>${say(language, 'desk.sources-text')}</p>
${accounts.may(roles, 'source.write') && html`<p><a class="act" href="${HERE}/new">${say(language, 'desk.sources-new')}</a></p>`}
${filters(visit, choice(language, { name: 'state', label: 'desk.sources-state', value: state, options }))}
${table(visit, {
  ...{ rows: page, columns: columnsOf(visit), caption: say(language, 'desk.sources') },
  empty: say(language, state === '' ? 'desk.sources-none' : 'desk.sources-none-such'),
  after: rows.length > PAGE ? String(page.at(-1)!.id) : undefined,
})}`,
  )
}

function columnsOf(visit: Visit): Column<sources.Listing>[] {
  const { language } = visit
  return [
    { name: 'desk.sources-title', cell: (one) => html`<a href="${HERE}/${one.id}"><bdi>${nameOf(one)}</bdi></a>` },
    { name: 'desk.sources-host', cell: ({ host }) => html`<bdi dir="ltr">${host}</bdi>` },
    { name: 'desk.sources-kind', cell: ({ kind }) => say(language, `desk.sources-kind-${kind}` as MessageKey) },
    {
      name: 'desk.sources-state',
      cell: ({ id, state, held }) =>
        html`<span class="state ${state}">${say(language, `desk.sources-state-${state}` as MessageKey)}</span>${held > 0 && html` <a class="small" href="${reviewOf(id)}">${say(language, 'desk.sources-held', { n: held })}</a>`}`,
    },
    { name: 'desk.sources-success', cell: ({ read_at }) => momentOf(visit, read_at) },
    { name: 'desk.sources-next', cell: ({ due_at }) => (due_at === null ? '—' : fromNow(visit, due_at)) },
    { name: 'desk.sources-week', cell: ({ perWeek }) => perWeek, number: true },
  ]
}

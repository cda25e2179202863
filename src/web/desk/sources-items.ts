import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { type MessageKey, say } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import { choice } from './fields.ts'
import { deskPage } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { idOf } from './sources-page.ts'
import { nameOf, reviewOf } from './sources-words.ts'
import { type Column, filters, table } from './table.ts'

const ROOM = '/admin/sources'
const PAGE = 50
const STATES = ['published', 'held', 'also', 'refused', 'withdrawn'] as const

/** What a source has brought, by what became of it. */
export const itemRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/:id/items`, allow: 'source.read', answer: itemsPage },
]

async function itemsPage(visit: Visit): Answer {
  const { app, language, query } = visit
  const source = await sources.find(app.read, idOf(visit))
  const state = STATES.find((one) => one === query.get('state')) ?? 'published'
  const after = keyOf(query.get('after'))
  const rows = await sources.itemsOf(app.read, source.id, { state, limit: PAGE + 1, ...(after && { after }) })
  const page = rows.slice(0, PAGE)
  const last = page.at(-1)
  const options = STATES.map((one) => [one, say(language, `desk.sources-item-${one}`)] as const)
  return deskPage(
    visit,
    nameOf(source),
    html`<p><a class="go" href="${ROOM}/${source.id}">${say(language, 'desk.sources-back', { title: nameOf(source) })}</a></p>
${filters(visit, choice(language, { name: 'state', label: 'desk.sources-items', value: state, options }))}
${state === 'held' && page.length > 0 && html`<p><a class="act" href="${reviewOf(source.id)}">${say(language, 'desk.sources-review')}</a></p>`}
${table(visit, {
  ...{ rows: page, columns: columnsOf(visit), caption: say(language, `desk.sources-item-${state}` as MessageKey) },
  empty: say(language, 'desk.sources-items-none'),
  after: rows.length > PAGE && last ? `${last.at}.${last.key}` : undefined,
})}`,
  )
}

/** The moment and the key behind which a page begins. */
function keyOf(text: string | null): { at: Instant; key: string } | undefined {
  const [, at, key] = /^(\d{1,15})\.([^\0]*)$/s.exec(text ?? '') ?? []
  return at === undefined ? undefined : { at: Number(at) as Instant, key: key! }
}

function columnsOf(visit: Visit): Column<sources.ItemShown>[] {
  return [
    {
      name: 'desk.sources-item',
      cell: ({ title, guid, article }) =>
        article ? html`<a href="/a/${article}"><bdi>${title || guid}</bdi></a>` : html`<bdi>${title || guid}</bdi>`,
    },
    { name: 'desk.sources-seen', cell: ({ at }) => momentOf(visit, at) },
    {
      name: 'desk.sources-there',
      cell: ({ link }) => (link ? html`<a dir="ltr" href="${link}" rel="noreferrer">${short(link)}</a>` : '—'),
    },
  ]
}

function short(link: string): string {
  const text = link.replace(/^https?:\/\//, '')
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

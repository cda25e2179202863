import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { say } from '../../locale.ts'
import * as writing from '../../writing.ts'
import type { Html } from '../pages.ts'
import { languageName, ROOM } from './articles-states.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { type Column, table } from './table.ts'

const PAGE = 50

/** What is being written, the last saved first. */
export async function draftTable(visit: Visit): Promise<Html> {
  const { app, language, query } = visit
  const [, at, id] = /^(\d{1,15})-(\d{1,15})$/.exec(query.get('after') ?? '') ?? []
  const rows = await writing.list(app.read, {
    limit: PAGE + 1,
    ...(at !== undefined && { before: { saved_at: Number(at) as Instant, id: Number(id) } }),
  })
  const page = rows.slice(0, PAGE)
  const last = page.at(-1)
  const columns: Column<writing.Listed>[] = [
    {
      name: 'desk.articles-title',
      cell: ({ public_id, title }) =>
        html`<a href="${ROOM}/drafts/${public_id}" dir="auto">${title || say(language, 'desk.articles-untitled')}</a>`,
    },
    { name: 'desk.articles-author', cell: ({ author }) => html`<bdi>${author}</bdi>` },
    { name: 'desk.articles-saved', cell: ({ saved_at }) => momentOf(visit, saved_at) },
    { name: 'desk.articles-section', cell: ({ section }) => html`<bdi>${section}</bdi>` },
    { name: 'desk.articles-language', cell: (row) => languageName(row.language, language) },
  ]
  return table(visit, {
    ...{ rows: page, columns, caption: say(language, 'desk.articles-drafts') },
    after: rows.length > PAGE && last ? `${last.saved_at}-${last.id}` : undefined,
    empty: html`${say(language, 'desk.articles-drafts-none')} <a class="go" href="${ROOM}/new">${say(language, 'desk.articles-new')}</a>`,
  })
}

import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { languageName, say } from '../../locale.ts'
import { lookThrough } from '../../looking-through.ts'
import * as writing from '../../writing.ts'
import type { Html } from '../pages.ts'
import { openSieve } from './articles-sought.ts'
import { keptOf, ROOM } from './articles-states.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { type Column, table } from './table.ts'

const PAGE = 50

/** What is being written, the last saved first. */
export async function draftTable(visit: Visit): Promise<Html> {
  const { app, language, query } = visit
  const [, at, id] = /^(\d{1,15})-(\d{1,15})$/.exec(query.get('after') ?? '') ?? []
  const begin = at === undefined ? undefined : { saved_at: Number(at) as Instant, id: Number(id) }
  const sieve = openSieve(visit)
  const { found, further } = await lookThrough(
    (last: writing.Listed | undefined, limit) => writing.list(app.read, { limit, before: last ?? begin }),
    (row) => sieve.passes({ ...row, authors: [row.author] }),
    PAGE,
  )
  const columns: Column<writing.Listed>[] = [
    {
      name: 'desk.articles-title',
      cell: ({ public_id, title }) =>
        html`<a href="${ROOM}/drafts/${public_id}" dir="auto">${title ? sieve.title(title) : say(language, 'desk.articles-untitled')}</a>`,
    },
    { name: 'desk.articles-author', cell: ({ author }) => html`<bdi>${author}</bdi>` },
    { name: 'desk.articles-saved', cell: ({ saved_at }) => momentOf(visit, saved_at) },
    { name: 'desk.articles-section', cell: ({ section }) => html`<bdi>${section}</bdi>` },
    { name: 'desk.articles-language', cell: (row) => languageName(row.language, language) },
  ]
  return table(visit, {
    ...{ rows: found, columns, caption: say(language, 'desk.articles-drafts') },
    after: further && `${further.saved_at}-${further.id}`,
    empty: html`${say(language, keptOf(query) === 'state=draft' ? 'desk.articles-drafts-none' : 'desk.articles-drafts-no-such')} <a class="go" href="${ROOM}/new">${say(language, 'desk.articles-new')}</a>`,
  })
}

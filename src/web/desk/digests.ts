import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { comingRoutes } from './digests-coming.ts'
import { definitionRoutes } from './digests-definition.ts'
import { formRoutes } from './digests-form.ts'
import { hourWords } from './digests-frame.ts'
import { previewRoutes } from './digests-preview.ts'
import { editionRoutes } from './editions.ts'
import { deskPage } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { type Rows, table } from './table.ts'

const PAGE = 50

/** The digests: when they go out, what they will hold, what became of each edition. */
export const digestRoutes: Route[] = [
  { method: 'GET', path: '/admin/digests', allow: 'digest.read', list: 'any', answer: room },
  ...editionRoutes,
  ...formRoutes,
  ...definitionRoutes,
  ...comingRoutes,
  ...previewRoutes,
]

type Row = Awaited<ReturnType<typeof rowsOf>>['rows'][number]

async function room(visit: Visit): Answer {
  const { language, roles } = visit
  const may = accounts.listsOf(roles, 'digest.write').length > 0
  const columns = [
    {
      name: 'desk.digests-title',
      cell: (row: Row) => html`<a href="/admin/digests/${row.slug}"><bdi>${row.title}</bdi></a>`,
    },
    { name: 'desk.digests-list', cell: (row: Row) => html`<bdi>${row.list}</bdi>` },
    { name: 'desk.digests-time', cell: (row: Row) => hourWords(language, row) },
    { name: 'desk.digests-next', cell: (row: Row) => momentOf(visit, row.next_at) },
    {
      name: 'desk.digests-coming',
      cell: (row: Row) =>
        html`<a href="/admin/digests/${row.slug}/coming">${say(language, 'desk.digests-see')}<span class="unseen"> <bdi>${row.title}</bdi></span></a>`,
    },
  ] as const
  return deskPage(
    visit,
    say(language, 'desk.digests'),
    html`<p class="deeds">${may && html`<a class="act" href="/admin/digests/_add">${say(language, 'desk.digests-add')}</a>`}<a href="/admin/digests/editions">${say(language, 'desk.digests-editions')}</a></p>
${table(visit, { ...(await rowsOf(visit)), caption: say(language, 'desk.digests'), columns, empty: say(language, 'desk.digests-none') })}`,
  )
}

async function rowsOf({ app, roles, query }: Visit) {
  const lists = accounts.listsOf(roles, 'digest.read')
  const after = Number(query.get('after') ?? 0)
  const rows = await app.read
    .selectFrom('digest')
    .innerJoin('list', 'list.id', 'digest.list_id')
    .innerJoin('slot', (join) =>
      join.on('slot.id', '=', (eb) =>
        eb
          .selectFrom('slot as first')
          .select(({ fn }) => fn.min<number>('first.id').as('id'))
          .whereRef('first.digest_id', '=', 'digest.id'),
      ),
    )
    .selectAll('slot')
    .select(['digest.id as key', 'digest.slug', 'digest.title', 'list.title as list'])
    .$if(lists !== 'all', (some) => some.where('digest.list_id', 'in', lists as number[]))
    .where('digest.id', '>', Number.isSafeInteger(after) ? after : 0)
    .orderBy('digest.id')
    .limit(PAGE + 1)
    .execute()
  const more = rows.length > PAGE
  return { rows: rows.slice(0, PAGE), ...(more && { after: String(rows[PAGE - 1]!.key) }) } satisfies Rows<unknown>
}

import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as deliveries from '../../deliveries/index.ts'
import { longDate, say } from '../../locale.ts'
import { deliveryRoutes } from './editions-deliveries.ts'
import { editionRoutes as pageRoutes } from './editions-page.ts'
import { stateWords } from './editions-words.ts'
import { choice } from './fields.ts'
import { deskPage } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { type Column, filters, table } from './table.ts'
import { toldHere } from './told.ts'

const PAGE = 50

/** What was composed: each day's digest, how far it is, what became of its letters. */
export const editionRoutes: Route[] = [
  { method: 'GET', path: '/admin/digests/editions', allow: 'digest.read', list: 'any', answer: room },
  ...pageRoutes,
  ...deliveryRoutes,
]

type Row = {
  id: number
  public_id: string
  day: string
  state: string
  reason: string | null
  composed_at: Instant
  title: string
  progress: deliveries.Progress
}

async function room(visit: Visit): Answer {
  const { app, language, query, roles } = visit
  const lists = accounts.listsOf(roles, 'digest.read')
  const digests = await app.read
    .selectFrom('digest')
    .select(['slug', 'title'])
    .$if(lists !== 'all', (some) => some.where('list_id', 'in', lists as number[]))
    .orderBy('id')
    .execute()
  const options = [
    ['', say(language, 'desk.editions-all')] as const,
    ...digests.map(({ slug, title }) => [slug, title] as const),
  ]
  const fields = choice(language, {
    name: 'digest',
    label: 'desk.editions-digest',
    value: query.get('digest'),
    options,
  })
  return deskPage(
    visit,
    say(language, 'desk.editions'),
    html`<p><a href="/admin/digests">${say(language, 'desk.digests')}</a></p>${toldHere(visit)}${filters(visit, fields)}
${table(visit, { ...(await rowsOf(visit)), caption: say(language, 'desk.editions'), columns: columnsOf(visit), empty: say(language, 'desk.editions-none') })}`,
  )
}

function columnsOf(visit: Visit): Column<Row>[] {
  const { language } = visit
  return [
    {
      name: 'desk.editions-edition',
      cell: ({ public_id, title, day }) =>
        html`<a href="/admin/digests/editions/${public_id}"><bdi>${title}</bdi> · ${longDate(Temporal.PlainDate.from(day), language)}</a>`,
    },
    { name: 'desk.editions-state', cell: ({ state, reason }) => stateWords(language, state, reason) },
    { name: 'desk.editions-composed', cell: ({ composed_at }) => momentOf(visit, composed_at) },
    { name: 'desk.editions-recipients', number: true, cell: ({ progress }) => progress.recipients },
    { name: 'desk.editions-submitted', number: true, cell: ({ progress }) => progress.submitted },
    { name: 'desk.editions-refused', number: true, cell: ({ progress }) => progress.refused },
    { name: 'desk.editions-waiting', number: true, cell: ({ progress }) => progress.waiting + progress.uncertain },
  ]
}

async function rowsOf({ app, roles, query }: Visit): Promise<{ rows: Row[]; after?: string }> {
  const lists = accounts.listsOf(roles, 'digest.read')
  const [after, slug] = [Number(query.get('after') ?? Number.NaN), query.get('digest') ?? '']
  const rows = await app.read
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select([
      'edition.id',
      'edition.public_id',
      'edition.day',
      'edition.state',
      'edition.reason',
      'edition.composed_at',
    ])
    .select('digest.title')
    .$if(lists !== 'all', (some) => some.where('digest.list_id', 'in', lists as number[]))
    .$if(/^[a-z0-9-]{1,60}$/.test(slug), (some) => some.where('digest.slug', '=', slug))
    .$if(Number.isSafeInteger(after), (some) => some.where('edition.id', '<', after))
    .orderBy('edition.id', 'desc')
    .limit(PAGE + 1)
    .execute()
  const shown = rows.slice(0, PAGE)
  const counted = await Promise.all(
    shown.map(async (row) => ({ ...row, progress: await deliveries.progress(app.read, row.id) })),
  )
  return { rows: counted, ...(rows.length > PAGE && { after: String(shown.at(-1)!.id) }) }
}

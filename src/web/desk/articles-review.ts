import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as intake from '../../intake/index.ts'
import { languageName, say } from '../../locale.ts'
import { lookThrough } from '../../looking-through.ts'
import { Problem } from '../../problem.ts'
import * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { doing } from './articles-doing.ts'
import { framedStory, storyOf } from './articles-preview.ts'
import { type Looked, openSieve } from './articles-sought.ts'
import { keptOf, ROOM, roomWith, sourceNames, tabs, typedIn } from './articles-states.ts'
import { deskPage, hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { type Column, table } from './table.ts'

const PAGE = 50
const HERE = `${ROOM}/review`

type Row = Awaited<ReturnType<typeof intake.heldPage>>[number]

/** What sources sent that waits to be looked at. */
export const reviewRoutes: Route[] = [
  { method: 'POST', path: HERE, allow: 'article.write', answer: judge },
  { method: 'GET', path: `${HERE}/:item`, allow: 'article.read', answer: itemPage },
  { method: 'GET', path: `${HERE}/:item/preview`, allow: 'article.read', framed: true, answer: preview },
]

/** A page of what waits, what came first on top. */
export async function waitingTable(visit: Visit, above: Html | false): Promise<Html> {
  const { app, language, query } = visit
  const source = typedIn(visit, 'source')
  const begin = placeIn(query.get('after') ?? '')
  const sieve = openSieve(visit)
  const { found, further } = await lookThrough(
    (last: Row | undefined, limit) => {
      const before = last ?? begin
      const of = /^\d{1,9}$/.test(source) && { source: Number(source) }
      return intake.heldPage(app.read, { limit, ...of, ...(before && { before }) })
    },
    ({ source_id, waiting }) => sieve.passes(lookedAt(source_id, waiting.draft)),
    PAGE,
  )
  return table(visit, {
    ...{ above, rows: found, columns: await columnsOf(visit, sieve.title) },
    caption: say(language, 'desk.articles-waiting'),
    after: further && `${further.first_at}-${idOf(further)}`,
    empty: say(
      language,
      keptOf(query) === 'state=waiting' ? 'desk.articles-waiting-none' : 'desk.articles-waiting-no-such',
    ),
    choose: { form: 'deeds', id: idOf, name: ({ waiting }) => waiting.draft.title },
  })
}

function lookedAt(source: number, { title, section = '', language, authors = [] }: Row['waiting']['draft']): Looked {
  return { title, section, language, source, authors }
}

/** What is done with those that are chosen. */
export function judgeForm(visit: Visit, item?: Row): Html {
  const { language, query } = visit
  const one = item && html`<input type="hidden" name="id" value="${idOf(item)}">`
  return html`<form id="deeds" class="deeds" method="post" action="${HERE}">${hidden(visit)}${one}<input type="hidden" name="back" value="${item ? 'state=waiting' : keptOf(query)}">
<button type="submit" name="deed" value="release">${say(language, item ? 'desk.articles-publish' : 'desk.articles-release')}</button>
<button class="second" type="submit" name="deed" value="refuse">${say(language, 'desk.articles-refuse')}</button></form>`
}

async function columnsOf(visit: Visit, titled: (title: string) => Html | string): Promise<Column<Row>[]> {
  const { language } = visit
  const names = await sourceNames(visit)
  return [
    {
      name: 'desk.articles-title',
      cell: (row) => html`<a href="${HERE}/${idOf(row)}" dir="auto">${titled(row.waiting.draft.title)}</a>`,
    },
    { name: 'desk.articles-state', cell: ({ state }) => kindOf(visit, state) },
    { name: 'desk.articles-since', cell: ({ first_at }) => momentOf(visit, first_at) },
    { name: 'desk.articles-source', cell: ({ source_id }) => html`<bdi>${names.get(source_id) ?? source_id}</bdi>` },
    { name: 'desk.articles-section', cell: ({ waiting }) => html`<bdi>${waiting.draft.section ?? ''}</bdi>` },
    { name: 'desk.articles-language', cell: ({ waiting }) => languageName(waiting.draft.language, language) },
  ]
}

function kindOf({ language }: Visit, state: string): string {
  return say(language, state === 'held' ? 'desk.articles-waits-new' : 'desk.articles-waits-change')
}

async function itemPage(visit: Visit): Answer {
  const { language, roles } = visit
  const row = await itemIn(visit)
  const { draft } = row.waiting
  const path = `${HERE}/${idOf(row)}`
  return deskPage(
    visit,
    say(language, 'desk.articles-review'),
    html`${tabs(visit, 'waiting')}<p dir="auto"><b>${draft.title}</b></p>
<p>${kindOf(visit, row.state)} · <bdi>${(await sourceNames(visit)).get(row.source_id)}</bdi> · ${momentOf(visit, row.first_at)}</p>
${accounts.may(roles, 'article.write') && judgeForm(visit, row)}
<iframe class="letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${path}/preview" title="${say(language, 'desk.articles-preview')}"></iframe>`,
  )
}

async function preview(visit: Visit): Answer {
  const { draft } = (await itemIn(visit)).waiting
  return framedStory(visit, await storyOf(visit, { ...draft, tags: draft.tags ?? [], authors: draft.authors ?? [] }))
}

/** Publishes what was chosen, or lets it go. */
async function judge(visit: Visit): Answer {
  const { app, form } = visit
  const chosen = [...new Set(form.getAll('id'))].slice(0, PAGE).map(keyIn)
  if (chosen.length === 0) throw new Problem('nothing-chosen')
  const bySource = Map.groupBy(chosen, ({ source }) => source)
  const actor = actorOf(visit)
  return doing(visit, roomWith(form.get('back') ?? ''), async () => {
    for (const [id, some] of bySource) {
      const source = await sources.find(app.db, id)
      const keys = some.map(({ key }) => key)
      if (form.get('deed') === 'refuse') await intake.refuse(app, actor, source, keys)
      else await intake.release(app, actor, source, keys)
    }
  })
}

/** An item on pages: its source and its key, which may hold anything. */
function idOf({ source_id, key }: Pick<Row, 'source_id' | 'key'>): string {
  return `${source_id}.${Buffer.from(key).toString('base64url')}`
}

function keyIn(id: string): { source: number; key: string } {
  const [, source, key] = /^(\d{1,9})\.([\w-]{1,5000})$/.exec(id) ?? []
  if (source === undefined) throw new Problem('page-not-found')
  return { source: Number(source), key: Buffer.from(key!, 'base64url').toString() }
}

function placeIn(after: string): Pick<Row, 'first_at' | 'source_id' | 'key'> | undefined {
  const [, at, id] = /^(\d{1,15})-(\d{1,9}\.[\w-]{1,5000})$/.exec(after) ?? []
  if (id === undefined) return undefined
  const { source, key } = keyIn(id)
  return { first_at: Number(at) as Instant, source_id: source, key }
}

async function itemIn({ app, params }: Visit): Promise<Row> {
  const { source, key } = keyIn(params['item']!)
  const row = /\p{Cc}/u.test(key) ? undefined : await intake.heldUnder(app.db, source, key)
  if (!row) throw new Problem('page-not-found')
  return row
}

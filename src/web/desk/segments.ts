import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as segments from '../../segments/index.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { csvFile } from './download.ts'
import { hidden } from './frame.ts'
import { listsFor } from './lists-seen.ts'
import { readersPage, SEGMENTS } from './readers-page.ts'
import { mistake } from './refusal.ts'
import { type Answer, type Asking, actorOf, type Route, type Visit } from './routes.ts'
import { addRoutes } from './segments-add.ts'
import { counted } from './segments-count.ts'
import { type Column, table } from './table.ts'
import { tellAt } from './told.ts'

const PATH = `${SEGMENTS}/:segment`
const NONE = -1

/** Parts of lists by rules. */
export const segmentRoutes: Route[] = [
  { method: 'GET', path: SEGMENTS, allow: 'list.read', list: 'any', answer: segmentsPage },
  ...addRoutes,
  { method: 'GET', path: PATH, allow: 'list.read', list: listOfSegment, answer: (visit) => onePage(visit) },
  { method: 'GET', path: `${PATH}/count`, allow: 'list.read', list: listOfSegment, answer: countPage },
  { method: 'GET', path: `${PATH}/readers.csv`, allow: 'reader.read', list: listOfSegment, answer: download },
  { method: 'POST', path: `${PATH}/remove`, allow: 'list.write', list: listOfSegment, answer: remove },
]

async function listOfSegment({ app, params }: Asking): Promise<number> {
  try {
    return (await segments.find(app.read, params['segment'] ?? '')).list_id
  } catch (error) {
    if (error instanceof Problem) return NONE
    throw error
  }
}

type Row = { slug: string; title: string; list: string; says: string; digests: Used[] }
type Used = { slug: string; title: string }

async function segmentsPage(visit: Visit): Answer {
  const { app, language, roles } = visit
  const lists = await listsFor(visit, 'list.read')
  const seen = lists.map(({ slug }) => slug)
  const rows: Row[] = []
  for (const one of await segments.all(app.read)) {
    const list = lists.find(({ id }) => id === one.list_id)
    if (!list) continue
    const says = await segments.inWords(app.read, one, language, seen)
    rows.push({ slug: one.slug, title: one.title, list: list.title, says, digests: await usedBy(visit, one.id) })
  }
  const columns: Column<Row>[] = [
    {
      name: 'desk.segments-title',
      cell: ({ slug, title }) => html`<a href="${SEGMENTS}/${slug}"><bdi>${title}</bdi></a>`,
    },
    { name: 'desk.readers-list', cell: ({ list }) => html`<bdi>${list}</bdi>` },
    { name: 'desk.segments-who', cell: ({ says }) => says },
    { name: 'desk.lists-digests', cell: ({ digests }) => links(digests) },
  ]
  const adding = accounts.listsOf(roles, 'list.write').length > 0
  return readersPage(
    visit,
    SEGMENTS,
    say(language, 'desk.segments'),
    html`${adding && html`<p><a class="act" href="${SEGMENTS}/_add">${say(language, 'desk.segments-add')}</a></p>`}${table(
      visit,
      {
        ...{ rows, columns, caption: say(language, 'desk.segments') },
        empty: say(language, 'desk.segments-none'),
      },
    )}`,
  )
}

/** The digests that go to a segment. */
async function usedBy({ app }: Visit, id: number): Promise<Used[]> {
  return app.read.selectFrom('digest').select(['slug', 'title']).where('segment_id', '=', id).orderBy('id').execute()
}

function links(digests: Used[]): Html {
  return html`${digests.map(({ slug, title }, nth) => html`${nth > 0 && html` · `}<a href="/admin/digests/${slug}"><bdi>${title}</bdi></a>`)}`
}

async function onePage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, roles } = visit
  const segment = await segments.find(app.read, visit.params['segment']!)
  const used = await usedBy(visit, segment.id)
  const seen = (await listsFor(visit, 'list.read')).map(({ slug }) => slug)
  const path = `${SEGMENTS}/${segment.slug}`
  const reads = accounts.may(roles, 'reader.read', segment.list_id)
  const page = await readersPage(
    visit,
    SEGMENTS,
    segment.title,
    html`${mistake(language, problem)}<p>${await segments.inWords(app.read, segment, language, seen)}</p>
<p id="count" hx-get="${path}/count" hx-trigger="load" hx-target="#count" hx-select="#count" hx-swap="outerHTML"><a class="go" href="${path}/count">${say(language, 'desk.segments-count')}</a></p>
${used.length > 0 && html`<p>${say(language, 'desk.segments-used')} ${links(used)}</p>`}
${reads && html`<ul class="plain"><li><a class="go" href="/admin/readers?segment=${segment.slug}">${say(language, 'desk.segments-readers')}</a></li><li><a class="go" href="${path}/readers.csv">${say(language, 'desk.segments-file')}</a></li></ul>`}
<h2>${say(language, 'desk.segments-rule')}</h2><pre dir="ltr" tabindex="0">${ruleShown(segment, seen)}</pre>
<p class="small">${say(language, 'desk.segments-fixed')}</p>
${accounts.may(roles, 'list.write', segment.list_id) && used.length === 0 && html`<form method="post" action="${path}/remove">${hidden(visit)}<p><button class="second" type="submit">${say(language, 'desk.segments-remove')}</button></p></form>`}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** The rule as it is written, without the names of lists that the visitor does not see. */
function ruleShown({ rule }: segments.Segment, seen: string[]): string {
  const named = (key: string, value: unknown) =>
    key === 'list' && typeof value === 'string' && !seen.includes(value) ? '…' : value
  return JSON.stringify(JSON.parse(rule), named, 2)
}

async function countPage(visit: Visit): Answer {
  const { app, language, params } = visit
  const segment = await segments.find(app.read, params['segment']!)
  return readersPage(
    visit,
    SEGMENTS,
    segment.title,
    html`<p id="count">${await counted(visit, segment)}</p><p><a class="go" href="${SEGMENTS}/${segment.slug}">${say(language, 'desk.segments-back')}</a></p>`,
  )
}

async function download(visit: Visit): Answer {
  const { app, params } = visit
  const { list, only } = await segments.partOf(app, { segment: params['segment']! })
  return csvFile(visit, params['segment']!, (out) => subscribers.exportCsv(app, list, out, only))
}

async function remove(visit: Visit): Answer {
  const { app, c, params } = visit
  try {
    await segments.remove(app, actorOf(visit), params['segment']!)
    return c.redirect(tellAt(SEGMENTS, 'done'), 303)
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 404) return onePage(visit, problem)
    throw problem
  }
}

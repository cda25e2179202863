import { html } from 'hono/html'
import { type Instant, instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as importRuns from '../../import-runs/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { choice, fileField } from './fields.ts'
import { hidden } from './frame.ts'
import { pathOf, runRoutes } from './imports-run.ts'
import { listsFor } from './lists-seen.ts'
import { momentOf } from './moments.ts'
import { IMPORTS, readersPage, withinOf } from './readers-page.ts'
import { mistake } from './refusal.ts'
import { type Answer, type Asking, actorOf, type Route, type Visit } from './routes.ts'
import { type Column, table } from './table.ts'
import { tellAt } from './told.ts'

const LARGEST = 200 * 1024 * 1024 // bytes of what is brought
const NONE = -1

/** Readers from files: brought, tried, taken in, taken back. */
export const importRoutes: Route[] = [
  { method: 'GET', path: IMPORTS, allow: 'reader.read', list: 'any', answer: (visit) => importsPage(visit) },
  // The list is a field of the form, which is read only for who may import into some list.
  { method: 'POST', path: IMPORTS, allow: 'reader.write', list: 'any', takes: { files: LARGEST }, answer: receive },
  { method: 'POST', path: `${IMPORTS}/_undo`, allow: 'reader.write', list: listOfImport, answer: undo },
  ...runRoutes,
]

async function listOfImport({ app, form }: Asking): Promise<number> {
  const id = Number(form.get('import'))
  if (!Number.isSafeInteger(id) || id < 1) return NONE
  const row = await app.read.selectFrom('import').select('list_id').where('id', '=', id).executeTakeFirst()
  return row?.list_id ?? NONE
}

async function importsPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language } = visit
  const within = withinOf(visit)
  const imports = await subscribers.imports(app, 50, within)
  const runs = (await importRuns.all(app.read, within)).filter(({ state }) => state !== 'done')
  const undoing = importRuns.isBusy(app) || imports.some(({ state }) => state === 'undoing')
  const page = await readersPage(
    visit,
    IMPORTS,
    say(language, 'desk.imports'),
    html`${mistake(language, problem)}${await bringForm(visit)}
${runs.length > 0 && html`<section><h2>${say(language, 'desk.imports-open')}</h2><ul class="plain">${runs.map((run) => runRow(visit, run))}</ul></section>`}
<section id="imports"${undoing && html` hx-get="${IMPORTS}" hx-trigger="every 3s" hx-target="#imports" hx-select="#imports" hx-swap="outerHTML"`}><h2>${say(language, 'desk.imports-all')}</h2>${table(
      visit,
      {
        ...{ rows: imports, columns: await columnsFor(visit), caption: say(language, 'desk.imports-all') },
        empty: say(language, 'desk.imports-none'),
      },
    )}</section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function bringForm(visit: Visit): Promise<Html | ''> {
  const { language, form, query } = visit
  const lists = await listsFor(visit, 'reader.write')
  if (lists.length === 0)
    return accounts.listsOf(visit.roles, 'reader.write').length > 0
      ? html`<p class="none">${say(language, 'desk.imports-no-list')} <a href="/admin/lists">${say(language, 'desk.lists')}</a></p>`
      : ''
  return html`<form method="post" action="${IMPORTS}" enctype="multipart/form-data">${hidden(visit)}
<p>${say(language, 'desk.imports-text')}</p>
${choice(language, { name: 'list', label: 'desk.readers-list', value: form.get('list') ?? query.get('list'), options: lists.map(({ slug, title }) => [slug, title] as const) })}
${fileField(language, { name: 'files', label: 'desk.imports-files', hint: 'desk.imports-files-hint', accept: '.csv,.tsv,.txt,.zip', several: true, required: true })}
<p><button type="submit">${say(language, 'desk.imports-bring')}</button></p></form>`
}

function runRow(visit: Visit, run: importRuns.Run): Html {
  const { app, language } = visit
  const names: string[] = JSON.parse(run.files).map(({ name }: { name: string }) => name)
  const state = importRuns.stateOf(run, instant(app.now()))
  return html`<li><a href="${pathOf(run)}"><bdi>${names.join(', ')}</bdi></a> · ${say(language, `desk.imports-open-${state}` as MessageKey)} · ${momentOf(visit, run.created_at)}</li>`
}

type Shown = subscribers.ImportShown

async function columnsFor(visit: Visit): Promise<Column<Shown>[]> {
  const { language } = visit
  const mine = new Set((await listsFor(visit, 'reader.write')).map(({ slug }) => slug))
  const at = (text: string) => momentOf(visit, instant(Temporal.Instant.from(text)) as Instant)
  return [
    {
      name: 'desk.imports-file',
      cell: ({ files }) => html`<bdi>${files.map(({ file }) => file).join(', ') || '—'}</bdi>`,
    },
    { name: 'desk.readers-list', cell: ({ list }) => html`<bdi dir="ltr">${list}</bdi>` },
    { name: 'desk.imports-at', cell: ({ started_at }) => at(started_at) },
    { name: 'desk.imports-state', cell: ({ state }) => say(language, `desk.imports-was-${state}` as MessageKey) },
    { name: 'desk.imports-added', cell: ({ added }) => added, number: true },
    { name: 'desk.imports-updated', cell: ({ updated }) => updated, number: true },
    { name: 'desk.imports-gone', cell: ({ left, suppressed }) => left + suppressed, number: true },
    { name: 'desk.imports-undo', cell: (one) => (mine.has(one.list) ? undoButton(visit, one, at) : '') },
  ]
}

/** Until when it can be taken back, with a page that asks once more. */
function undoButton(visit: Visit, { id, list, state, undo_until }: Shown, at: (text: string) => Html): Html | '' {
  const { language } = visit
  if (undo_until === null || state === 'running') return ''
  return html`<details><summary>${say(language, 'desk.imports-undo-until')} ${at(undo_until)}</summary>
<form method="post" action="${IMPORTS}/_undo">${hidden(visit)}<input type="hidden" name="import" value="${id}"><p class="small">${say(language, 'desk.imports-undo-text')}</p>
<button class="second" type="submit" aria-label="${say(language, 'desk.imports-undo-one', { id, list })}">${say(language, 'desk.imports-undo')}</button></form></details>`
}

async function receive(visit: Visit): Answer {
  const { app, c, form, files, language, roles } = visit
  const slug = form.get('list') ?? ''
  try {
    const list = await subscribers.findList(app.read, slug)
    if (!accounts.may(roles, 'reader.write', list.id)) throw new Problem('not-allowed')
    const run = await importRuns.receive(app, actorOf(visit), list, files, language)
    return c.redirect(pathOf(run), 303)
  } catch (error) {
    if (error instanceof Problem && error.status === 422) return importsPage(visit, error)
    throw error
  }
}

/** What somebody for all lists brought in may have barred people everywhere: it is not for a role for one list to take back. */
async function refuseWider(visit: Visit, id: number): Promise<void> {
  if (accounts.may(visit.roles, 'reader.write')) return
  const row = await visit.app.read.selectFrom('import').select('actor').where('id', '=', id).executeTakeFirst()
  if (row?.actor !== actorOf(visit)) throw new Problem('not-allowed')
}

async function undo(visit: Visit): Answer {
  const { app, c, form } = visit
  try {
    const id = Number(form.get('import'))
    await refuseWider(visit, id)
    await subscribers.mayUndo(app, id)
    await importRuns.takeBack(app, actorOf(visit), id)
    return c.redirect(tellAt(IMPORTS, 'done'), 303)
  } catch (error) {
    if (error instanceof Problem && error.status !== 404) return importsPage(visit, error)
    throw error
  }
}

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as importRuns from '../../import-runs/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { hidden } from './frame.ts'
import { columnsForm, columnsTyped } from './imports-columns.ts'
import { countsOf } from './imports-counts.ts'
import { IMPORTS, readersPage } from './readers-page.ts'
import { mistake } from './refusal.ts'
import { type Answer, type Asking, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const PATH = `${IMPORTS}/:run`
const NONE = -1

/** One import, from the files that were brought to the readers that are in. */
export const runRoutes: Route[] = [
  { method: 'GET', path: PATH, allow: 'reader.read', list: listOfRun, answer: (visit) => runPage(visit) },
  { method: 'GET', path: `${PATH}/rejects.csv`, allow: 'reader.read', list: listOfRun, answer: rejects },
  { method: 'POST', path: `${PATH}/try`, allow: 'reader.write', list: listOfRun, answer: attempt },
  { method: 'POST', path: `${PATH}/start`, allow: 'reader.write', list: listOfRun, answer: start },
  { method: 'POST', path: `${PATH}/stop`, allow: 'reader.write', list: listOfRun, answer: stop },
  { method: 'POST', path: `${PATH}/remove`, allow: 'reader.write', list: listOfRun, answer: remove },
]

async function listOfRun({ app, params }: Asking): Promise<number> {
  try {
    return (await importRuns.byPublicId(app.read, params['run'] ?? '')).list_id
  } catch (error) {
    if (error instanceof Problem) return NONE
    throw error
  }
}

export function pathOf({ public_id }: { public_id: string }): string {
  return `${IMPORTS}/${public_id}`
}

function runHere({ app, params }: Visit): Promise<importRuns.Run> {
  return importRuns.byPublicId(app.db, params['run'] ?? '')
}

async function runPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language } = visit
  const run = await runHere(visit)
  const list = await app.read.selectFrom('list').select('title').where('id', '=', run.list_id).executeTakeFirstOrThrow()
  const names: string[] = JSON.parse(run.files).map(({ name }: { name: string }) => name)
  const page = await readersPage(
    visit,
    IMPORTS,
    say(language, 'desk.imports-into', { list: list.title }),
    html`<p><bdi>${names.join(', ')}</bdi></p>${mistake(language, problem)}${await shown(visit, run)}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** What there is to see and to do, by how far the import is. */
async function shown(visit: Visit, run: importRuns.Run): Promise<Html> {
  const { app, language, roles } = visit
  const state = importRuns.stateOf(run, instant(app.now()))
  if (['trying', 'bringing', 'stopping'].includes(state)) return working(visit, run, state)
  const may = accounts.may(roles, 'reader.write', run.list_id)
  const outcome = state === 'ready' ? undefined : importRuns.outcomeOf(run)
  const counts = outcome && (await countsOf(visit, run, outcome, await hasRejects(visit, run)))
  return html`<div id="run"><p role="status">${say(language, `desk.imports-is-${state}` as MessageKey)}</p>${counts}
${may && state === 'tried' && deed(visit, run, 'start', 'desk.imports-start')}
${may && state === 'stopped' && deed(visit, run, 'start', 'desk.imports-resume')}
${state === 'done' && html`<p><a class="go" href="${IMPORTS}">${say(language, 'desk.imports-undo-there')}</a></p>`}
${may && ['ready', 'tried', 'refused'].includes(state) && (await columnsForm(visit, run, `${pathOf(run)}/try`, state !== 'tried'))}
${may && deed(visit, run, 'remove', state === 'done' ? 'desk.imports-forget' : 'desk.imports-discard', 'plain')}</div>`
}

/** How far it is; asked again every two seconds, or by a link. It goes on whether anybody looks or not. */
function working(visit: Visit, run: importRuns.Run, state: string): Html {
  const { language, roles } = visit
  const path = pathOf(run)
  const { part, done, total } = run
  const far = total > 0 ? Math.min(100, Math.floor((done * 100) / total)) : 0
  const words =
    part === 'reading'
      ? say(language, 'desk.imports-reading', { far })
      : say(language, 'desk.imports-applying', { done, total })
  return html`<div id="run" hx-get="${path}" hx-trigger="every 2s" hx-target="#run" hx-select="#run" hx-swap="outerHTML">
<p role="status">${say(language, `desk.imports-is-${state}` as MessageKey)}: ${words}</p>
<p><progress max="100" value="${far}" aria-label="${say(language, 'desk.imports-progress')}">${far}%</progress></p>
<p class="small">${say(language, 'desk.imports-goes-on')} <a href="${path}">${say(language, 'desk.imports-again')}</a></p>
${accounts.may(roles, 'reader.write', run.list_id) && state !== 'stopping' && deed(visit, run, 'stop', 'desk.imports-stop', 'second')}</div>`
}

function deed(visit: Visit, run: importRuns.Run, what: string, words: MessageKey, look = ''): Html {
  return html`<form method="post" action="${pathOf(run)}/${what}">${hidden(visit)}<p><button${look && html` class="${look}"`} type="submit">${say(visit.language, words)}</button></p></form>`
}

async function attempt(visit: Visit): Answer {
  const { app } = visit
  return workingOn(visit, async (run) => {
    const choices = await columnsTyped(visit, run)
    await importRuns.begin(app, actorOf(visit), run, 'trying', { everywhere: mayEverywhere(visit), choices })
  })
}

async function start(visit: Visit): Answer {
  const everywhere = mayEverywhere(visit)
  return workingOn(visit, (run) => importRuns.begin(visit.app, actorOf(visit), run, 'bringing', { everywhere }))
}

/** Who has one list alone says nothing of the others by a file. */
function mayEverywhere({ roles }: Visit): boolean {
  return accounts.may(roles, 'reader.write')
}

async function stop(visit: Visit): Answer {
  return workingOn(visit, (run) => importRuns.stop(visit.app, run))
}

async function workingOn(visit: Visit, work: (run: importRuns.Run) => Promise<void>): Answer {
  const run = await runHere(visit)
  try {
    await work(run)
    return visit.c.redirect(pathOf(run), 303)
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 404) return runPage(visit, problem)
    throw problem
  }
}

async function remove(visit: Visit): Answer {
  const { app, c } = visit
  const run = await runHere(visit)
  try {
    await importRuns.remove(app, run)
    return c.redirect(tellAt(IMPORTS, 'done'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return runPage(visit, problem)
    throw problem
  }
}

async function hasRejects({ app }: Visit, run: importRuns.Run): Promise<boolean> {
  return stat(importRuns.rejectsOf(app.config, run)).then(
    () => true,
    () => false,
  )
}

/** The rows that were not taken in: file, line, verdict, value, reason. */
async function rejects(visit: Visit): Answer {
  const { app } = visit
  const run = await runHere(visit)
  if (!(await hasRejects(visit, run))) throw new Problem('import-file-gone', { file: 'rejects.csv' })
  const stream = createReadStream(importRuns.rejectsOf(app.config, run))
  return new Response(Readable.toWeb(stream) as ReadableStream, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="not-imported-${run.public_id}.csv"`,
    },
  })
}

import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { withoutHurry } from '../../db/bulk.ts'
import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import * as leftLog from '../left-log.ts'
import { type Admission, admit, type Candidate, judge, type Run } from './admitting.ts'
import type { Options } from './import.ts'
import type { List } from './lists.ts'
import { count, type Outcome } from './outcome.ts'
import type { Shelf } from './shelf.ts'
import { candidates } from './stored.ts'
import { ofOneList } from './within.ts'

const LEAST = 250
const MOST = 2000
/** ms of a transaction, and how much of that time is others' afterwards: on SQLite they wait for both, on PostgreSQL for neither. */
const PACE = { sqlite: { aim: 16, rest: 0.12 }, postgres: { aim: 400, rest: 0 } }

/** Takes what lies on the shelf into the list, or only judges it. What is done when it is stopped is done for good. */
export async function applyAll(
  app: App,
  actor: Actor,
  list: List,
  shelf: Shelf,
  outcome: Outcome,
  options: Options,
): Promise<void> {
  const total = outcome.files.reduce((sum, { rows }) => sum + rows, 0)
  const run: Run = {
    id: 0,
    actor,
    at: instant(app.now()),
    list,
    from: fromOf(outcome),
    everywhere: options.everywhere ?? true,
  }
  const { aim, rest } = PACE[app.database.kind]
  let size = 400
  let ahead = false
  let done = 0
  for (const whole of chunks(shelf, () => size)) {
    const chunk = run.everywhere ? whole : whole.map(ofOneList)
    if (options.signal?.aborted) break
    const { took, changed }: Applied = options.dryRun
      ? await rehearse(app, run, chunk, outcome)
      : await applyChunk(app, run, chunk, outcome, ahead)
    ahead = !changed
    size = Math.round(Math.min(MOST, Math.max(LEAST, size / 2, Math.min(size * 1.5, (size * aim) / took))))
    done += chunk.reduce((sum, { copies }) => sum + 1 + copies, 0)
    options.onProgress?.(done, total)
    await setTimeout(options.dryRun ? 0 : took * rest)
  }
  if (run.id > 0) await end(app, run, outcome, options.signal?.aborted ? 'stopped' : 'done')
}

type Applied = { took: number; changed: boolean }

function* chunks(shelf: Shelf, size: () => number): Generator<Candidate[]> {
  let chunk: Candidate[] = []
  for (const lines of shelf.sorted()) {
    for (const candidate of candidates(lines)) {
      if (chunk.push(candidate) < size()) continue
      yield chunk
      chunk = []
    }
  }
  if (chunk.length > 0) yield chunk
}

async function rehearse(app: App, run: Run, chunk: Candidate[], outcome: Outcome): Promise<Applied> {
  const began = performance.now()
  tell(outcome, chunk, await judge(app.read, run, chunk, outcome.prints))
  return { took: performance.now() - began, changed: false }
}

/** One transaction; answers how long it held the others up, in ms. Where probably nothing changes, that is looked at before the turn to write is taken. */
async function applyChunk(app: App, run: Run, chunk: Candidate[], outcome: Outcome, ahead: boolean): Promise<Applied> {
  if (ahead || chunk.some(({ fate }) => fate !== 'in')) {
    const judged = await judge(app.read, run, chunk, outcome.prints)
    if (!judged.changed) {
      tell(outcome, chunk, judged)
      return { took: 1, changed: false }
    }
    await noteGone(app, run, judged)
  }
  let took = 0
  let changed = false
  await app.db.transaction().execute(async (db) => {
    await inTurn(db, 'import')
    await withoutHurry(db)
    const began = performance.now()
    const judged = await judge(db, run, chunk, outcome.prints)
    changed = judged.changed
    if (changed && run.id === 0) await begin(db, run, outcome)
    if (changed) await admit(db, run, judged)
    tell(outcome, chunk, judged)
    if (run.id > 0) await touch(app, db, run, outcome)
    took = performance.now() - began // without the commit, which takes the disk as long for one row as for a thousand
  })
  outcome.import = run.id || null
  return { took, changed }
}

/** Written down before the database learns of it, as whenever somebody leaves. */
async function noteGone(app: App, { at, list, from }: Run, { departing, dying }: Admission): Promise<void> {
  await leftLog.note(
    app,
    ...departing.map(({ candidate: { hash } }) => ({ at, what: 'left' as const, hash, list: list.slug })),
    ...dying.map(({ hash }) => ({ at, what: 'suppressed' as const, hash, reason: from })),
  )
}

function tell(outcome: Outcome, chunk: Candidate[], { verdicts, departing, dying }: Admission): void {
  for (const [n, verdict] of verdicts.entries()) {
    const { copies, file, line, address } = chunk[n]!
    count(outcome.counts, verdict, copies)
    if (verdict !== 'added' && verdict !== 'updated' && verdict !== 'unchanged')
      outcome.skip(file, line, verdict, address)
  }
  outcome.counts.recorded.left += departing.length
  outcome.counts.recorded.suppressed += dying.length
}

/** The import exists from its first change on: one that changes nothing leaves no trace. */
async function begin(db: Db, run: Run, outcome: Outcome): Promise<void> {
  const files = JSON.stringify(
    outcome.files.map(({ file, rows, from }, n) => ({ file: basename(file), rows, from, print: outcome.prints[n] })),
  )
  const row = { list_id: run.list.id, actor: run.actor, files, state: 'running', counts: '{}' }
  const { id } = await db
    .insertInto('import')
    .values({ ...row, started_at: run.at, touched_at: run.at })
    .returning('id')
    .executeTakeFirstOrThrow()
  run.id = id
  await record(db, run.actor, run.at, [
    { verb: 'subscribers.import', subject: `list:${run.list.slug}`, after: { import: id } },
  ])
}

async function touch(app: App, db: Db, { id }: Run, outcome: Outcome, state = 'running'): Promise<void> {
  await db
    .updateTable('import')
    .set({ counts: JSON.stringify(outcome.counts), touched_at: instant(app.now()), state })
    .where('id', '=', id)
    .execute()
}

async function end(app: App, run: Run, outcome: Outcome, state: 'done' | 'stopped'): Promise<void> {
  await app.db.transaction().execute(async (db) => {
    await touch(app, db, run, outcome, state)
    const { added, updated, recorded } = outcome.counts
    await record(db, run.actor, instant(app.now()), [
      { verb: 'import.end', subject: `import:${run.id}`, after: { state, added, updated, ...recorded } },
    ])
  })
}

/** Why an address is never written to again, where a file says so. */
function fromOf(outcome: Outcome): string {
  const from = [...new Set(outcome.files.flatMap((file) => file.from ?? []))]
  return from.length > 0 ? `import (${from.join(', ')})` : 'import'
}

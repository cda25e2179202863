import { setImmediate } from 'node:timers/promises'
import { type Selectable, sql } from 'kysely'
import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { ImportTable } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import * as retention from '../retention.ts'

const DAY = 24 * 3_600_000
const SILENCE = 60_000 // ms after which an import that says it is running is not

type Counts = {
  added?: number
  updated?: number
  recorded?: { left?: number; suppressed?: number }
  forgotten_at?: Instant
}

/** An import as people see it; `undo_until` is null where it is too late, or done. */
export type ImportShown = {
  id: number
  list: string
  actor: string
  state: string
  started_at: string
  undo_until: string | null
  files: { file: string; rows: number; from?: string }[]
  added: number
  updated: number
  left: number
  suppressed: number
}

/** The latest imports, the newest first; `within`: only into these lists, by their inner ids. */
export async function imports(app: App, limit = 100, within?: readonly number[]): Promise<ImportShown[]> {
  const rows = await app.read
    .selectFrom('import')
    .innerJoin('list', 'list.id', 'import.list_id')
    .selectAll('import')
    .select('list.slug as list')
    .$if(within !== undefined, (query) => query.where('list_id', 'in', [...within!]))
    .orderBy('import.id', 'desc')
    .limit(limit)
    .execute()
  const now = instant(app.now())
  const patience = await undoneWithin(app)
  return rows.map((row) => {
    const { added = 0, updated = 0, recorded }: Counts = JSON.parse(row.counts)
    return {
      id: row.id,
      list: row.list,
      actor: row.actor,
      state: stateOf(row, now),
      started_at: moment(row.started_at).toString(),
      undo_until: row.state === 'undone' || tooOld(row, now, patience) ? null : moment(until(row, patience)).toString(),
      files: JSON.parse(row.files).map(
        ({ print: _, ...file }: ImportShown['files'][number] & { print?: string }) => file,
      ),
      ...{ added, updated, left: recorded?.left ?? 0, suppressed: recorded?.suppressed ?? 0 },
    }
  })
}

/** The import to be undone; a Problem where there is none, it still runs, or it is too late. */
export async function undoable(app: App, id: number): Promise<Selectable<ImportTable>> {
  const [db, now] = [app.read, instant(app.now())]
  const known = Number.isSafeInteger(id) && id > 0
  const row = known && (await db.selectFrom('import').selectAll().where('id', '=', id).executeTakeFirst())
  if (!row) throw new Problem('import-not-found', { value: String(id) })
  if (tooOld(row, now, await undoneWithin(app))) throw new Problem('import-too-old', { value: id })
  if (stateOf(row, now) === 'running') throw new Problem('import-running', { value: id })
  return row
}

/** A Problem where this import cannot be undone now. */
export async function mayUndo(app: App, id: number): Promise<void> {
  await undoable(app, id)
}

/** Forgets which rows the imports touched that can no longer be undone; that there were such imports stays. */
export async function forgetImports(app: App): Promise<void> {
  const before = later(instant(app.now()), -(await undoneWithin(app)))
  const old = await app.read.selectFrom('import').select(['id', 'counts']).where('started_at', '<', before).execute()
  for (const { id, counts } of old) {
    const known: Counts = JSON.parse(counts)
    if (known.forgotten_at === undefined) await close(app, id, known)
    for (let n = 1n; n > 0n; await setImmediate()) {
      const gone = await sql`
        delete from import_entry where import_id = ${id} and (kind, row_id) in
          (select kind, row_id from import_entry where import_id = ${id} limit 500)`.execute(app.db)
      n = gone.numAffectedRows ?? 0n
    }
  }
}

/** From now on it cannot be undone, also when imports are to be kept for longer later. */
async function close({ db, now }: App, id: number, counts: Counts): Promise<void> {
  const forgotten: Counts = { ...counts, forgotten_at: instant(now()) }
  await db
    .updateTable('import')
    .set({ counts: JSON.stringify(forgotten) })
    .where('id', '=', id)
    .execute()
}

/** For how long an import can be undone, in milliseconds. */
async function undoneWithin(app: App): Promise<number> {
  return ((await retention.of(app, app.read, 'imports')) ?? retention.KEPT.imports.most) * DAY
}

function until({ started_at }: { started_at: Instant }, patience: number): Instant {
  return later(started_at, patience)
}

function tooOld(row: { started_at: Instant; counts: string }, now: Instant, patience: number): boolean {
  return until(row, patience) < now || (JSON.parse(row.counts) as Counts).forgotten_at !== undefined
}

function stateOf({ state, touched_at }: { state: string; touched_at: Instant }, now: Instant): string {
  return state === 'running' && later(touched_at, SILENCE) < now ? 'stopped' : state
}

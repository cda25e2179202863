import { setImmediate } from 'node:timers/promises'
import { type Selectable, sql } from 'kysely'
import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { Db, ImportTable } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'

const DAY = 24 * 3_600_000
const UNDONE_WITHIN = 30 * DAY
const SILENCE = 60_000 // ms after which an import that says it is running is not

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
  return rows.map((row) => {
    const { added = 0, updated = 0, recorded } = JSON.parse(row.counts)
    return {
      id: row.id,
      list: row.list,
      actor: row.actor,
      state: stateOf(row, now),
      started_at: moment(row.started_at).toString(),
      undo_until: row.state === 'undone' || tooOld(row, now) ? null : moment(until(row)).toString(),
      files: JSON.parse(row.files).map(
        ({ print: _, ...file }: ImportShown['files'][number] & { print?: string }) => file,
      ),
      ...{ added, updated, left: recorded?.left ?? 0, suppressed: recorded?.suppressed ?? 0 },
    }
  })
}

/** The import to be undone; a Problem where there is none, it still runs, or it is too late. */
export async function undoable(db: Db, id: number, now: Instant): Promise<Selectable<ImportTable>> {
  const known = Number.isSafeInteger(id) && id > 0
  const row = known && (await db.selectFrom('import').selectAll().where('id', '=', id).executeTakeFirst())
  if (!row) throw new Problem('import-not-found', { value: String(id) })
  if (tooOld(row, now)) throw new Problem('import-too-old', { value: id })
  if (stateOf(row, now) === 'running') throw new Problem('import-running', { value: id })
  return row
}

/** A Problem where this import cannot be undone now. */
export async function mayUndo(app: App, id: number): Promise<void> {
  await undoable(app.read, id, instant(app.now()))
}

/** Forgets which rows the imports touched that can no longer be undone; that there were such imports stays. */
export async function forgetImports(app: App): Promise<void> {
  const before = later(instant(app.now()), -UNDONE_WITHIN)
  const old = await app.read.selectFrom('import').select('id').where('started_at', '<', before).execute()
  for (const { id } of old) {
    for (let n = 1n; n > 0n; await setImmediate()) {
      const gone = await sql`
        delete from import_entry where import_id = ${id} and (kind, row_id) in
          (select kind, row_id from import_entry where import_id = ${id} limit 500)`.execute(app.db)
      n = gone.numAffectedRows ?? 0n
    }
  }
}

function until({ started_at }: { started_at: Instant }): Instant {
  return later(started_at, UNDONE_WITHIN)
}

function tooOld(row: { started_at: Instant }, now: Instant): boolean {
  return until(row) < now
}

function stateOf({ state, touched_at }: { state: string; touched_at: Instant }, now: Instant): string {
  return state === 'running' && later(touched_at, SILENCE) < now ? 'stopped' : state
}

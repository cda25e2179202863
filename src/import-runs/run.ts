import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Selectable } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db, ImportRunTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import { publicId } from '../ids.ts'
import { Problem } from '../problem.ts'
import type * as subscribers from '../subscribers/index.ts'
import { type Brought, dropFiles, folderOf, keepFiles } from './files.ts'

/** What was brought to be imported into a list, and how far it is. */
export type Run = Selectable<ImportRunTable>

/** How the files are to be read: see subscribers.ImportOptions. `language` is that of who reads what is said. */
export type Choices = {
  map: subscribers.Mapping
  from?: subscribers.Origin
  charset?: string
  delimiter?: string
  language: string
}

/** How a try or an import ended: what subscribers.importFiles says, without the rows that it refused. */
export type Progress = Omit<subscribers.Imported, 'rejected'>

const SILENCE = 20_000 // ms after which work that notes twice a second how far it is has been ended
const KEPT = 7 * 24 * 3_600_000 // ms that files are kept for who has not decided

/** Keeps files that were brought, and answers the run that they are now. Their places are empty afterwards. */
export async function receive(
  app: App,
  actor: Actor,
  list: { id: number },
  files: readonly (Brought & { path: string })[],
  language: string,
): Promise<Run> {
  if (files.length === 0) throw new Problem('import-no-file')
  const at = instant(app.now())
  const public_id = publicId()
  const folder = folderOf(app.config, { public_id })
  await keepFiles(folder, files.map(({ path }) => path)) // biome-ignore format: one line
  const choices: Choices = { map: {}, language }
  return app.db
    .insertInto('import_run')
    .values({
      ...{ public_id, list_id: list.id, actor, state: 'ready', part: '', done: 0, total: 0 },
      files: JSON.stringify(files.map(({ name, bytes }) => ({ name, bytes }))),
      choices: JSON.stringify(choices),
      ...{ created_at: at, touched_at: at },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** A run by the id on pages, or a Problem. */
export async function byPublicId(db: Db, id: string): Promise<Run> {
  const known = /^[a-z0-9]{11}$/.test(id)
  const run = known && (await db.selectFrom('import_run').selectAll().where('public_id', '=', id).executeTakeFirst())
  if (!run) throw new Problem('run-not-found')
  return run
}

/** The latest runs, the newest first; `within`: only into these lists. */
export async function all(db: Db, within?: readonly number[]): Promise<Run[]> {
  return db
    .selectFrom('import_run')
    .selectAll()
    .$if(within !== undefined, (query) => query.where('list_id', 'in', [...within!]))
    .orderBy('id', 'desc')
    .limit(100)
    .execute()
}

export function choicesOf({ choices }: Run): Choices {
  return JSON.parse(choices)
}

export function outcomeOf({ outcome }: Run): Progress | undefined {
  return outcome === null ? undefined : JSON.parse(outcome)
}

/** The state that is true now: work that was silent for a while was ended from outside, and may be begun again. */
export function stateOf({ state, touched_at }: Run, now: Instant): string {
  if (later(touched_at, SILENCE) >= now) return state
  if (state === 'trying') return 'ready'
  return state === 'bringing' || state === 'stopping' ? 'stopped' : state
}

/** Takes a run and its files away; a Problem while it is worked on. What was imported stays. */
export async function remove(app: App, run: Run): Promise<void> {
  if (['trying', 'bringing', 'stopping'].includes(stateOf(run, instant(app.now())))) throw new Problem('import-busy')
  const { numDeletedRows } = await app.db
    .deleteFrom('import_run')
    .where('id', '=', run.id)
    .where('state', '=', run.state)
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw new Problem('import-busy') // it was begun at this moment
  await dropFiles(folderOf(app.config, run))
}

/** Forgets runs that nobody has touched for a week, and files of none. What was imported stays. */
export async function forget(app: App): Promise<void> {
  const before = later(instant(app.now()), -KEPT)
  await app.db.deleteFrom('import_run').where('touched_at', '<', before).execute()
  const folder = join(app.config.data, 'imports')
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[a-z0-9]{11}$/.test(name))
  for (const public_id of names) {
    const known = await app.db
      .selectFrom('import_run')
      .select('id')
      .where('public_id', '=', public_id)
      .executeTakeFirst()
    if (!known) await dropFiles(join(folder, public_id))
  }
}

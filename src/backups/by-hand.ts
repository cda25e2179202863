import { basename, join } from 'node:path'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { Problem } from '../problem.ts'
import { make, type Step } from './make.ts'
import { folderOf, prune, stamp } from './standing.ts'

const KEPT = 3
const LOCK = 'backup'

/** What a backup that somebody asked for comes to. `done` and `failed` stay until the next one is begun. */
export type ByHand =
  | { state: 'running'; step: Step }
  | { state: 'done'; name: string; bytes: number }
  | { state: 'failed'; problem: Problem }

const state = new WeakMap<App['database'], ByHand>()

/** How the last backup that was asked for in this process stands; undefined where none was. */
export function byHand({ database }: Pick<App, 'database'>): ByHand | undefined {
  return state.get(database)
}

/**
 * Begins a backup beside everything else, unless one is being made; the last three that were made so are kept. Answers when
 * it is done. While another process makes one, it fails with that.
 */
export async function begin(app: App, actor: Actor): Promise<void> {
  if (state.get(app.database)?.state === 'running') return
  const told = (step: Step) => void state.set(app.database, { state: 'running', step })
  told({ part: 'database' })
  try {
    state.set(app.database, await alone(app, actor, told))
  } catch (error) {
    app.log.error('a backup cannot be made', { error })
    const problem =
      error instanceof Problem ? error : new Problem('backup-failed', { reason: (error as Error).message })
    state.set(app.database, { state: 'failed', problem })
  }
}

async function alone(app: App, actor: Actor, told: (step: Step) => void): Promise<ByHand> {
  const lock = await app.database.hold(LOCK)
  if (!lock) throw new Problem('backup-busy')
  try {
    const { file, bytes } = await make(app, join(folderOf(app), `desk-${stamp(app)}.tar.gz`), { told })
    await prune(folderOf(app), 'desk', KEPT)
    const name = basename(file)
    await record(app.db, actor, instant(app.now()), [{ verb: 'backup.make', subject: 'site', after: { name, bytes } }])
    app.log.info('a backup was made', { file, bytes })
    return { state: 'done', name, bytes }
  } finally {
    await lock.release()
  }
}

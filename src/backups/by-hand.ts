import { join } from 'node:path'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { Problem } from '../problem.ts'
import { make } from './make.ts'
import { folderOf, prune, stamp } from './standing.ts'

const KEPT = 3

/** What a backup that somebody asked for comes to: `failed` until the next one is begun. */
export type ByHand = { state: 'running' } | { state: 'failed'; problem: Problem }

const state = new WeakMap<App['database'], ByHand>()

/** What the last backup that was asked for in this process comes to; undefined when it is done. */
export function byHand({ database }: Pick<App, 'database'>): ByHand | undefined {
  return state.get(database)
}

/** Begins a backup beside everything else, unless one is being made; the last three that were made so are kept. Answers when it is done. */
export async function begin(app: App, actor: Actor): Promise<void> {
  if (state.get(app.database)?.state === 'running') return
  state.set(app.database, { state: 'running' })
  try {
    const { file, bytes } = await make(app, join(folderOf(app), `desk-${stamp(app)}.tar.gz`))
    await prune(folderOf(app), 'desk', KEPT)
    await record(app.db, actor, instant(app.now()), [{ verb: 'backup.make', subject: 'site', after: { bytes } }])
    app.log.info('a backup was made', { file, bytes })
    state.delete(app.database)
  } catch (error) {
    app.log.error('a backup cannot be made', { error })
    const problem =
      error instanceof Problem ? error : new Problem('backup-failed', { reason: (error as Error).message })
    state.set(app.database, { state: 'failed', problem })
  }
}

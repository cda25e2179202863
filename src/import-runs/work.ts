import { Worker } from 'node:worker_threads'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import { Problem } from '../problem.ts'
import type { Choices, Run } from './run.ts'
import { stateOf } from './run.ts'

/** What a thread is to do: try or import what was brought (`everywhere` as in subscribers.ImportOptions), or take an import back. */
export type Task = { run: number; actor: Actor; everywhere: boolean } | { undo: number; actor: Actor }

const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 }
const busy = new WeakSet<App['database']>() // one at a time: each fills a processor

/** Whether a thread works here: what it does may not be seen in the database yet. */
export function isBusy({ database }: Pick<App, 'database'>): boolean {
  return busy.has(database)
}

/** From which states a try and an import may begin. */
const BEGINS = { trying: ['ready', 'tried', 'refused', 'stopped'], bringing: ['tried', 'stopped'] }

/** Whether a try or an import of this run may begin now. */
function begins(app: App, run: Run, what: keyof typeof BEGINS): boolean {
  return BEGINS[what].includes(stateOf(run, instant(app.now())))
}

/**
 * Begins to try (nothing changes) or to import what was brought, in a thread of its own over its own connections: whoever
 * asks for pages meanwhile does not wait. A second press is no change; a Problem while another import goes on here.
 */
export async function begin(
  app: App,
  actor: Actor,
  run: Run,
  what: keyof typeof BEGINS,
  { everywhere, choices }: { everywhere: boolean; choices?: Choices },
): Promise<void> {
  if (!begins(app, run, what)) return
  await alone(app, async () => {
    const taken = await app.db
      .updateTable('import_run')
      .set({ state: what, part: 'reading', done: 0, total: 0, touched_at: instant(app.now()) })
      .set({ actor, ...(choices && { choices: JSON.stringify(choices) }) })
      .where('id', '=', run.id)
      .where('state', '=', run.state)
      .executeTakeFirst()
    return taken.numUpdatedRows > 0n ? start(app, { run: run.id, actor, everywhere }) : undefined
  })
}

/** Holds the one place from before anything is awaited until the thread ends, or at once where none begins. */
async function alone(app: App, work: () => Promise<Worker | undefined>): Promise<void> {
  if (busy.has(app.database)) throw new Problem('import-busy')
  busy.add(app.database)
  const thread = await work().catch((error) => {
    busy.delete(app.database)
    throw error
  })
  if (thread) thread.once('exit', () => busy.delete(app.database))
  else busy.delete(app.database)
}

/** Asks the work on a run to stop: it does within a second. What is done stays done. */
export async function stop(app: App, run: Run): Promise<void> {
  for (const [state, next] of [
    ['trying', 'ready'],
    ['bringing', 'stopping'],
  ] as const)
    await app.db
      .updateTable('import_run')
      .set({ state: next })
      .where('id', '=', run.id)
      .where('state', '=', state)
      .execute()
}

/** Begins to take an import back, in a thread of its own. */
export function takeBack(app: App, actor: Actor, importId: number): Promise<void> {
  return alone(app, async () => start(app, { undo: importId, actor }))
}

function start(app: App, task: Task): Worker {
  const thread = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: { config: app.config, task },
    resourceLimits: LIMITS,
  })
  thread.unref() // who stops the server does not wait for it: it is begun again where it was
  thread.on('error', (error) => app.log.error('an import ended in a mistake of ours', { error }))
  return thread
}

import { type ScheduledTask, schedule } from 'node-cron'
import { instant, later } from '../db/instant.ts'
import type { App } from './app.ts'

/** Something that is done again and again: a name, a schedule (cron, server's time) and one call. Safe to run twice, or late. */
export type Job = { name: string; schedule: string; run(app: App): Promise<unknown> }

const DAY = 86_400_000

/**
 * Runs each job once now, for what was missed, and then by its schedule until stopped.
 *
 * Of many processes on one database one runs each firing: whoever writes its key first. The clock only wakes us; what is
 * due stands in the database.
 */
export async function keep(app: App, jobs: Job[]): Promise<{ stop(): Promise<void> }> {
  for (const job of jobs) await run(app, job)
  const tasks = jobs.map((job) => start(app, job))
  return {
    async stop() {
      for (const task of tasks) await task.destroy()
    },
  }
}

function start(app: App, job: Job): ScheduledTask {
  return schedule(job.schedule, () => run(app, job), {
    name: job.name,
    noOverlap: true,
    distributed: true,
    suppressMissedWarning: true,
    runCoordinator: { shouldRun: (key) => take(app, key) },
    logger: {
      info() {},
      debug() {},
      warn: (message) => app.log.warn('timetable', { message }),
      error: (message) => app.log.error('timetable', { message: String(message) }),
    },
  })
}

async function run(app: App, job: Job): Promise<void> {
  try {
    await job.run(app)
  } catch (error) {
    app.log.error('a job failed and will be tried at its next turn', { job: job.name, error })
  }
}

async function take(app: App, key: string): Promise<boolean> {
  const at = instant(app.now())
  const taken = await app.db
    .insertInto('cron_run')
    .values({ key, at })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .execute()
  if (taken.length > 0) await app.db.deleteFrom('cron_run').where('at', '<', later(at, -DAY)).execute()
  return taken.length > 0
}

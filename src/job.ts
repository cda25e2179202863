import { setTimeout as sleep } from 'node:timers/promises'
import { type ScheduledTask, schedule } from 'node-cron'
import { instant, later } from '../db/instant.ts'
import type { App } from './app.ts'

/**
 * Something that is done again and again: a name, a schedule (cron, server's time) and one call. Safe to run twice, or late.
 * The signal asks it to end soon.
 */
export type Job = { name: string; schedule: string; run(app: App, signal: AbortSignal): Promise<unknown> }

const DAY = 86_400_000
const GRACE = 5000 // ms that running jobs get when the timetable stops

/**
 * Runs each job once now, for what was missed, and then by its schedule until stopped. What runs then is asked to end and
 * gets 5 s.
 *
 * Of many processes on one database one runs each firing: whoever writes its key first. The clock only wakes us; what is
 * due stands in the database.
 */
export async function keep(app: App, jobs: Job[]): Promise<{ stop(): Promise<void> }> {
  const end = new AbortController()
  const running = new Set<Promise<void>>()
  function go(job: Job): Promise<void> {
    const turn = run(app, job, end.signal).finally(() => running.delete(turn))
    running.add(turn)
    return turn
  }
  const missed = (async () => {
    for (const job of jobs) if (!end.signal.aborted) await go(job)
  })()
  const tasks = jobs.map((job) => start(app, job, () => go(job)))
  return {
    async stop() {
      end.abort()
      for (const task of tasks) await task.destroy()
      await Promise.race([Promise.all([missed, ...running]), sleep(GRACE, undefined, { ref: false })])
    },
  }
}

function start(app: App, job: Job, go: () => Promise<void>): ScheduledTask {
  return schedule(job.schedule, go, {
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

async function run(app: App, job: Job, signal: AbortSignal): Promise<void> {
  try {
    await job.run(app, signal)
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

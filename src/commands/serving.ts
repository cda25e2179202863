import type { Command } from 'commander'
import { backUp } from '../../jobs/back-up.ts'
import { composeDigests } from '../../jobs/compose-digests.ts'
import { countEditions } from '../../jobs/count-editions.ts'
import { forgetArrivals } from '../../jobs/forget-arrivals.ts'
import { forgetFeedReaders } from '../../jobs/forget-feed-readers.ts'
import { forgetImports } from '../../jobs/forget-imports.ts'
import { forgetLetters } from '../../jobs/forget-letters.ts'
import { forgetSessions } from '../../jobs/forget-sessions.ts'
import { forgetTrail } from '../../jobs/forget-trail.ts'
import { keepPictures } from '../../jobs/keep-pictures.ts'
import { learnNames } from '../../jobs/learn-names.ts'
import { noteRefusals } from '../../jobs/note-refusals.ts'
import { readMailboxes } from '../../jobs/read-mailboxes.ts'
import * as accounts from '../accounts/index.ts'
import type { App } from '../app.ts'
import * as bounces from '../bounces/index.ts'
import * as deliveries from '../deliveries/index.ts'
import * as job from '../job.ts'
import { linkOf } from './people.ts'
import { openReadingThread } from './reading-thread.ts'
import { command, withApp } from './shell.ts'

/** `serve`, `migrate`. */
export function serving(program: Command): void {
  command(program, 'serve', 'web, jobs and sending in one process')
    .option('--only <part>', 'web or work')
    .action((options: { json?: boolean; only?: string }) =>
      withApp(options, async (app, shell) => {
        if (options.only !== undefined && !['web', 'work'].includes(options.only))
          program.error(`error: --only takes web or work, not ${options.only}`)
        const closers: (() => Promise<void>)[] = []
        try {
          if (options.only !== 'work') {
            const { openServer } = await import('../web/server.ts') // not loaded by the other commands
            const server = await openServer(app)
            closers.push(server.close)
            shell.say(`Nashra serves ${app.config.url} (listening on ${server.url})`)
            const token = await accounts.setUp(app)
            if (token)
              shell.say(`Nobody works here yet. Whoever opens this within an hour is the owner: ${linkOf(app, token)}`)
          }
          if (options.only !== 'web') closers.push(await startWork(app))
          if (!shell.signal.aborted) await new Promise((resolve) => shell.signal.addEventListener('abort', resolve))
        } finally {
          await Promise.all(closers.map((close) => close())) // also when the next could not be opened
        }
      }),
    )
  command(program, 'migrate', 'bring the database up to date').action((options: { json?: boolean }) =>
    withApp(options, async (app, shell) => shell.print({ database: app.database.name, migrated: true })),
  )
}

/** Composes and sends what is due until it is closed; in-flight letters end first. */
export async function startWork(app: App): Promise<() => Promise<void>> {
  const stop = new AbortController()
  const inbound = await bounces.listen(app)
  const timetable = await job.keep(app, [
    composeDigests,
    countEditions,
    readMailboxes,
    keepPictures,
    forgetFeedReaders,
    forgetArrivals,
    forgetImports,
    learnNames,
    forgetSessions,
    forgetLetters,
    forgetTrail,
    noteRefusals,
    backUp,
  ])
  const reading = openReadingThread(app)
  const sending = deliveries.run(app, stop.signal)
  return async () => {
    stop.abort()
    await Promise.all([timetable.stop(), reading.close(), sending, inbound.close()])
  }
}

import { setImmediate } from 'node:timers/promises'
import type { App } from '../app.ts'

const last = new WeakMap<App['database'], Promise<unknown>>()

/**
 * Does work on the database when all such work before it has ended, and after everybody else has had a turn.
 *
 * SQLite's statements are synchronous: several lanes that write at once would pass the word to one another, commit after
 * commit, and a server in the same process would answer nobody meanwhile. PostgreSQL waits elsewhere.
 */
export function oneAtATime<Answer>({ database }: App, work: () => Promise<Answer>): Promise<Answer> {
  if (database.kind !== 'sqlite') return work()
  const mine = (last.get(database) ?? Promise.resolve()).then(() => setImmediate()).then(work)
  last.set(
    database,
    mine.catch(() => {}), // whoever asked for it hears of it
  )
  return mine
}

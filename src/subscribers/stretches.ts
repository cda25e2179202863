import { setImmediate } from 'node:timers/promises'
import { kindOf } from '../../db/database.ts'
import type { Db } from '../../db/schema.ts'

/** Subscribers in one statement, to begin with. */
export const FIRST_WIDTH = 20_000
const NARROW = 2000 // where each row is joined with others
const TARGET = { sqlite: 15, postgres: 150 } // ms of one statement: SQLite works in this very thread

type Table = 'subscriber' | 'subscription' | 'suppression'

/** How many ids the next statement may cover, after one that took so many milliseconds. */
export function nextWidth(db: Db, width: number, took: number): number {
  const factor = TARGET[kindOf(db)] / (took + 0.1)
  return Math.max(1000, Math.round(width * Math.min(10, Math.max(0.25, factor))))
}

/**
 * Walks over all ids of a table in stretches (`above` < id <= `upTo`), the newest first; each takes some milliseconds, and
 * between them it is the web server's turn. Ends when `work` answers true.
 */
export async function stretches(
  db: Db,
  table: Table,
  signal: AbortSignal | undefined,
  work: (above: number, upTo: number) => Promise<unknown>,
): Promise<void> {
  let width = table === 'subscriber' || kindOf(db) === 'postgres' ? FIRST_WIDTH : NARROW
  for (let upTo = await newest(db, table); upTo > 0; ) {
    signal?.throwIfAborted()
    const above = Math.max(0, upTo - width)
    const from = performance.now()
    if ((await work(above, upTo)) === true) return
    width = nextWidth(db, width, performance.now() - from)
    upTo = above
    await setImmediate()
  }
}

/** The newest id of a table; 0 where there is none. */
export async function newest(db: Db, table: Table): Promise<number> {
  const row = await db
    .selectFrom(table)
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

import { type Kysely, sql } from 'kysely'
import { kindOf } from './database.ts'

const PAGES = 8000 // 32 MB
const ORDINARY = 1000

/**
 * Runs work that writes a whole table in thousands of transactions. SQLite's log is emptied an eighth as often meanwhile: a
 * page that many of them touch is then written to the file once for all of them.
 */
export async function inBulk<T>(db: Pick<Kysely<unknown>, 'getExecutor'>, work: () => Promise<T>): Promise<T> {
  if (kindOf(db) !== 'sqlite') return work()
  await sql`pragma wal_autocheckpoint = ${sql.lit(PAGES)}`.execute(db)
  try {
    return await work()
  } finally {
    await sql`pragma wal_autocheckpoint = ${sql.lit(ORDINARY)}`.execute(db)
  }
}

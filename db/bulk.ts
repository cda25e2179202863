import { type DatabaseConnection, type Kysely, sql } from 'kysely'
import { kindOf } from './database.ts'

const PAGES = 8000 // 32 MB
const ORDINARY = 1000

const CACHE = -6000 // kB

/**
 * Runs work that writes a whole table in thousands of transactions. SQLite's log is emptied an eighth as often meanwhile: a
 * page that many of them touch is then written to the file once for all of them. Its cache is smaller: what is written in
 * no order comes back too late to be found in a larger one.
 */
export async function inBulk<T>(db: Pick<Kysely<unknown>, 'getExecutor'>, work: () => Promise<T>): Promise<T> {
  if (kindOf(db) !== 'sqlite') return work()
  const { rows } = await sql<{ cache_size: number }>`pragma cache_size`.execute(db)
  await sql`pragma wal_autocheckpoint = ${sql.lit(PAGES)}`.execute(db)
  await sql`pragma cache_size = ${sql.lit(CACHE)}`.execute(db)
  try {
    return await work()
  } finally {
    await sql`pragma wal_autocheckpoint = ${sql.lit(ORDINARY)}`.execute(db)
    await sql`pragma cache_size = ${sql.lit(rows[0]!.cache_size)}`.execute(db)
  }
}

const unhurried = new WeakSet<DatabaseConnection>()

/**
 * The caller's transaction need not be on the disk when it succeeds: it gets there before any that succeeds after it and was
 * not told so. If the power fails before, none of it happened. For work that is simply begun again.
 */
export async function withoutHurry(db: Pick<Kysely<unknown>, 'getExecutor'>): Promise<void> {
  if (kindOf(db) === 'postgres') await sql`set local synchronous_commit to off`.execute(db)
  else await db.getExecutor().provideConnection(async (connection) => void unhurried.add(connection))
}

/** Whether this connection's transaction, which ends now, is such a one. */
export function wasUnhurried(connection: DatabaseConnection): boolean {
  return unhurried.delete(connection)
}

import { type Kysely, sql } from 'kysely'
import { kindOf } from './database.ts'

/**
 * Waits until no other transaction has this turn, and has it until the end of the caller's. A transaction that writes is
 * alone on SQLite anyway, as it begins `immediate`.
 */
export async function inTurn(db: Pick<Kysely<unknown>, 'getExecutor'>, name: string): Promise<void> {
  if (kindOf(db) === 'sqlite') return
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db)
}

import { HandleEmptyInListsPlugin, type Kysely, replaceWithNoncontingentExpression, SqliteAdapter } from 'kysely'
import type { Kind } from './columns.ts'
import type { Db } from './schema.ts'

/** An open database of either kind. */
export type Database = {
  readonly kind: Kind
  /** For people: the file, or host and database without the password. */
  readonly name: string
  /** Writes, and reads that must see the writer's own transaction. */
  readonly db: Db
  /** Reads that must not wait behind a write. */
  readonly read: Db
  /** Moves when anybody has committed something readers can see: at once on SQLite, within 250 ms on PostgreSQL. */
  version(): number
  /** Takes the lock of this id; undefined while another process (or this one) holds it. It ends with the process. */
  hold(id: string): Promise<Lock | undefined>
  /** What tells this database from every copy of it on the same machine or in another server. */
  identity(): Promise<string>
  close(): Promise<void>
}

export type Lock = {
  /** Aborted when the lock was lost while held: whoever relies on it must stop. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** `in ()` passes on SQLite and is a syntax error on PostgreSQL. */
export const plugins = [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })]

/** Which of the two a database, or a transaction in it, is: for the few statements that they cannot share. */
export function kindOf(db: Pick<Kysely<unknown>, 'getExecutor'>): Kind {
  return db.getExecutor().adapter instanceof SqliteAdapter ? 'sqlite' : 'postgres'
}

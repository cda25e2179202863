import { sql } from 'kysely'
import { kindOf } from './database.ts'
import type { Db } from './schema.ts'
import { lookInto } from './sqlite.ts'

/**
 * All that `work` reads is of one moment, however long it takes: whoever writes meanwhile does not wait, nor does whoever reads.
 * On SQLite it has a connection of its own, so that it may let others have their turn in this thread between two statements.
 */
export async function snapshot<Answer>(db: Db, work: (db: Db) => Promise<Answer>): Promise<Answer> {
  if (kindOf(db) === 'postgres') return db.transaction().setIsolationLevel('repeatable read').execute(work)
  const { rows } = await sql<{ file: string }>`select file from pragma_database_list where name = 'main'`.execute(db)
  return lookInto(rows[0]!.file, (own) => own.transaction().execute(work))
}

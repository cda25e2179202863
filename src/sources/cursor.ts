import type { Db } from '../../db/schema.ts'

/** Remembers how far a mirror has come with a source, as JSON; in the caller's transaction. */
export async function keepCursor(db: Db, source: number, cursor: string): Promise<void> {
  await db.updateTable('source').set({ cursor }).where('id', '=', source).execute()
}

import type { Db } from '../../db/schema.ts'

/** Remembers how far a mirror has come with a source, as JSON; in the caller's transaction. */
export async function keepCursor(db: Db, source: number, cursor: string): Promise<void> {
  await db.updateTable('source').set({ cursor }).where('id', '=', source).execute()
}

/** Gives a source the name that its site gives itself, where it has none yet. */
export async function keepTitle(db: Db, source: number, title: string): Promise<void> {
  await db.updateTable('source').set({ title }).where('id', '=', source).where('title', '=', '').execute()
}

import type { Kysely } from 'kysely'

/** The trail is searched by who did something and by what was done. */
export async function trailed(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('change_actor').on('change').columns(['actor', 'id']).execute()
  await db.schema.createIndex('change_verb').on('change').columns(['verb', 'id']).execute()
}

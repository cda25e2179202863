import type { Kysely } from 'kysely'

/** What a source has brought is shown by what became of it, the newest first. */
export async function yields(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('source_item_state')
    .on('source_item')
    .columns(['source_id', 'state', 'first_at', 'key'])
    .execute()
}

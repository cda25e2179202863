import type { Kysely } from 'kysely'

/** Settings that hold secrets, such as the relays that were set at the desk: sealed with the key ring. */
export async function wires(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sealed')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute()
}

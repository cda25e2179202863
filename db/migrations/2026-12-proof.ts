import type { Kysely } from 'kysely'
import { columns, type Kind } from '../columns.ts'

/**
 * What tells this database from a copy of it, into which logs its senders write, and the key ring that its links are signed
 * with.
 */
export async function proof(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text } = columns(kind)
  await db.schema.alterTable('home').addColumn('place', 'text').execute()
  await db.schema.alterTable('home').addColumn('logs', 'text').execute()
  await table(db, 'left_log')
    .$call(text('id', (column) => column.notNull().primaryKey()))
    .$call(number('used_at'))
    .execute()
  await table(db, 'ring_key')
    .$call(number('number'))
    .$call(text('fingerprint'))
    .addPrimaryKeyConstraint('ring_key_pk', ['number', 'fingerprint'])
    .execute()
}

import type { Kysely } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** How long things are kept, as the desk says it; and the trail in the order of time, by whom, by what was done and what about. */
export async function years(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text } = columns(kind)
  await table(db, 'retention')
    .$call(text('kind', (column) => column.notNull().primaryKey()))
    .$call(number('days', optional))
    .execute()
  await db.schema
    .alterTable('edition')
    .addColumn('forgotten_at', kind === 'sqlite' ? 'integer' : 'bigint')
    .execute()
  await db.schema.createIndex('notice_age').on('notice').column('created_at').execute()
  await db.schema.createIndex('bounce_age').on('bounce').column('at').execute()
  for (const name of ['change_actor', 'change_verb', 'change_subject']) await db.schema.dropIndex(name).execute()
  await db.schema.createIndex('change_at').on('change').columns(['at', 'id']).execute()
  await db.schema.createIndex('change_verb').on('change').columns(['verb', 'at', 'id']).execute()
  await db.schema.createIndex('change_actor').on('change').columns(['actor', 'verb', 'at', 'id']).execute()
  await db.schema.createIndex('change_subject').on('change').columns(['subject', 'at', 'id', 'verb', 'actor']).execute()
}

import { type Kysely, sql } from 'kysely'
import type { Kind } from '../columns.ts'

/**
 * Readers with an hour of their own: `placed` is the hour for which a subscription was last given its slots, so that whoever
 * changes the hour need not know of slots. `spacing` is how many days may lie between a moving reader's letters. An hour
 * that nobody wants any more has ended.
 */
export async function slots(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  await db.schema.alterTable('slot').addColumn('ended_at', whole).execute()
  await db.schema.dropIndex('slot_due').execute()
  await sql`create index slot_due on slot (next_at) where ended_at is null`.execute(db)
  await db.schema.alterTable('follow').addColumn('spacing', whole).execute()
  await db.schema.alterTable('edition').addColumn('judged_at', whole).execute()
  await db.schema
    .alterTable('subscription')
    .addColumn('placed', 'text', (column) => column.notNull().defaultTo('  '))
    .execute()
  await sql`create index subscription_unplaced on subscription (id)
            where state <> 'left' and placed <> coalesce(zone, '') || ' ' || coalesce(cast(minute as text), '') || ' ' || coalesce(cast(weekdays as text), '')`.execute(
    db,
  )
}

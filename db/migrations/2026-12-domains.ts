import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** Letters that wait for their recipients' domain: for its turn, or until it takes ours again. And when an edition was found to be complained of. */
export async function domains(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, text, number } = columns(kind)
  const zero = (column: Parameters<typeof optional>[0]) => column.notNull().defaultTo(0)
  await table(db, 'recipient_domain')
    .$call(text('domain', (column) => column.notNull().primaryKey()))
    .$call(number('next_at', zero))
    .$call(number('parked_at', optional))
    .$call(number('paused_until', optional))
    .$call(number('paused_at', optional))
    .$call(number('pauses', zero))
    .$call(text('reason', optional))
    .$call(text('told', optional))
    .$call(number('tried_at', optional))
    .execute()
  await db.schema.alterTable('delivery').addColumn('domain', 'text').execute()
  await sql`create index delivery_parked on delivery (edition_id, domain, due_at)
            where domain is not null and state in ('queued', 'deferred', 'uncertain')`.execute(db)
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  await db.schema.alterTable('edition').addColumn('complained_at', whole).execute()
  await sql`create index bounce_complaint on bounce (edition_id) where kind = 'complaint'`.execute(db)
}

import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What comes back: bounces and complaints, what was taken in already, and the providers that may report to us. */
export async function trustInbound(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, id, number, text, reference } = columns(kind)
  await table(db, 'bounce')
    .$call(id)
    .$call(reference('subscriber_id', 'subscriber.id'))
    .$call(reference('edition_id', 'edition.id', optional))
    .$call(text('kind'))
    .$call(text('status', optional))
    .$call(text('words'))
    .$call(text('domain'))
    .$call(text('via'))
    .$call(number('at'))
    .execute()
  await sql`create index bounce_about on bounce (subscriber_id, at)`.execute(db)
  await sql`create index bounce_policy on bounce (at) where kind = 'policy'`.execute(db)
  await sql`create index delivery_refused on delivery (edition_id, subscriber_id) where state = 'refused'`.execute(db)
  await table(db, 'arrival')
    .$call(text('key', (column) => column.notNull().primaryKey()))
    .$call(number('at'))
    .execute()
  await sql`create index arrival_at on arrival (at)`.execute(db)
  await table(db, 'hook')
    .$call(text('provider', (column) => column.notNull().primaryKey()))
    .$call(text('settings'))
    .$call(number('created_at'))
    .execute()
}

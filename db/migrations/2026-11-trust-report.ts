import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** A letter to the newsroom about each edition: a notice whose addressee is no subscriber. */
export async function trustReport(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  await db.schema.alterTable('site').addColumn('report_to', 'text').execute()
  await db.schema.alterTable('edition').addColumn('reported_at', whole).execute()
  if (kind === 'postgres') await widen(db)
  else await rebuild(db)
}

async function widen(db: Kysely<unknown>): Promise<void> {
  for (const name of ['subscriber_id', 'subscription_id'])
    await db.schema
      .alterTable('notice')
      .alterColumn(name, (column) => column.dropNotNull())
      .execute()
  await db.schema
    .alterTable('notice')
    .addColumn('edition_id', 'bigint', (column) => column.references('edition.id'))
    .addColumn('address', 'text')
    .addColumn('address_hash', 'text')
    .execute()
}

/** SQLite cannot take `not null` from a column: the table is made anew, and its ids go on where they were. */
async function rebuild(db: Kysely<unknown>): Promise<void> {
  const { table, id, number, text, reference } = columns('sqlite')
  await table(db, 'notice_new')
    .$call(id)
    .$call(text('kind'))
    .$call(reference('subscriber_id', 'subscriber.id', optional))
    .$call(reference('subscription_id', 'subscription.id', optional))
    .$call(text('language'))
    .$call(text('state'))
    .$call(text('reason', optional))
    .$call(number('due_at'))
    .$call(number('attempts'))
    .$call(text('sender_id', optional))
    .$call(number('claimed_at', optional))
    .$call(number('submitted_at', optional))
    .$call(number('doubted_at', optional))
    .$call(number('relay_id', optional))
    .$call(text('reply', optional))
    .$call(number('created_at'))
    .$call(reference('edition_id', 'edition.id', optional))
    .$call(text('address', optional))
    .$call(text('address_hash', optional))
    .execute()
  await sql`insert into notice_new select notice.*, null, null, null from notice`.execute(db)
  await sql`delete from sqlite_sequence where name = 'notice_new'`.execute(db)
  await sql`insert into sqlite_sequence (name, seq) select 'notice_new', seq from sqlite_sequence where name = 'notice'`.execute(
    db,
  )
  await db.schema.dropTable('notice').execute()
  await db.schema.alterTable('notice_new').renameTo('notice').execute()
  await sql`create index notice_due on notice (due_at) where state in ('queued', 'deferred', 'uncertain')`.execute(db)
  await sql`create index notice_taken on notice (sender_id) where state in ('claimed', 'submitting')`.execute(db)
  await db.schema.createIndex('notice_subscriber').on('notice').columns(['subscriber_id', 'created_at']).execute()
}

import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What each import did, so that it can be told and undone. An entry outlives what it is about. */
export async function imports(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, id, number, text, reference } = columns(kind)
  await table(db, 'import')
    .$call(id)
    .$call(reference('list_id', 'list.id'))
    .$call(text('actor'))
    .$call(text('files'))
    .$call(text('state'))
    .$call(text('counts'))
    .$call(number('started_at'))
    .$call(number('touched_at'))
    .$call(number('undone_at', optional))
    .execute()
  await sql`create index import_started on import (started_at)`.execute(db)
  await table(db, 'import_entry')
    .$call(reference('import_id', 'import.id'))
    .$call(text('kind'))
    .$call(number('row_id'))
    .$call(text('before', optional))
    .addPrimaryKeyConstraint('import_entry_pk', ['import_id', 'kind', 'row_id'])
    .execute()
  // What refers to a subscription is looked for when one is taken away: without these, in the whole table.
  for (const name of ['consent', 'follow', 'notice'])
    await db.schema.createIndex(`${name}_of_subscription`).on(name).column('subscription_id').execute()
}

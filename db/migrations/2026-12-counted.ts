import { type Kysely, sql } from 'kysely'
import { columns, type Kind } from '../columns.ts'

/** What came of counting an edition's letters, row by row. What was done, or composed, last is found by an index. */
export async function counted(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text, reference } = columns(kind)
  await table(db, 'verdict')
    .$call(reference('edition_id', 'edition.id', (column) => column.notNull().primaryKey()))
    .$call(text('outcome'))
    .$call(number('counted_at'))
    .$call(number('recipients'))
    .$call(number('submitted'))
    .$call(number('refused'))
    .$call(number('skipped'))
    .$call(number('uncertain'))
    .$call(number('waiting'))
    .$call(number('doubted'))
    .$call(text('reasons'))
    .execute()
  await sql`create index edition_done on edition (done_at) where done_at is not null`.execute(db)
  await db.schema.createIndex('edition_composed').on('edition').column('composed_at').execute()
}

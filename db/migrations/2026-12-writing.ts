import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What is being written at the desk, what articles said before, the story that leads, and what was let go of a review. */
export async function writing(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, id, number, text, reference } = columns(kind)
  await table(db, 'article_draft')
    .$call(id)
    .$call(text('public_id', (column) => column.notNull().unique()))
    .$call(reference('article_id', 'article.id', optional))
    .$call(reference('account_id', 'account.id'))
    .$call(text('base', optional))
    .$call(text('typed'))
    .$call(number('version'))
    .$call(number('created_at'))
    .$call(number('saved_at'))
    .execute()
  await db.schema.createIndex('article_draft_saved').on('article_draft').columns(['saved_at', 'id']).execute()
  await db.schema.createIndex('article_draft_of').on('article_draft').column('article_id').execute()
  await table(db, 'article_revision')
    .$call(id)
    .$call(reference('article_id', 'article.id'))
    .$call(text('actor'))
    .$call(text('said'))
    .$call(number('at'))
    .execute()
  await db.schema.createIndex('article_revision_of').on('article_revision').columns(['article_id', 'id']).execute()
  await table(db, 'lead_pin')
    .$call(reference('article_id', 'article.id', (column) => column.notNull().primaryKey()))
    .$call(number('until_at'))
    .$call(number('pinned_at'))
    .execute()
  await db.schema.alterTable('source_item').addColumn('let_go', 'text').execute()
  // The desk's table shows withdrawn articles among the others, in one order, by any of these.
  await sql`create index article_all on article (published_at, id, withdrawn_at, section_key, language, source_id)`.execute(
    db,
  )
  await sql`create index source_item_held on source_item (first_at, source_id, key) where draft is not null`.execute(db)
}

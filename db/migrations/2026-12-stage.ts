import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/**
 * What the newsroom chose for an edition to come: which stories stand first, and which are left out, by whom. An edition keeps
 * what was left out of it, so that its recipients can be written by whoever comes next. Few letters end skipped or in doubt:
 * they are found by an index of their own.
 */
export async function stage(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text, reference } = columns(kind)
  await table(db, 'stage')
    .$call(reference('digest_id', 'digest.id'))
    .$call(text('day'))
    .$call(reference('article_id', 'article.id'))
    .$call(number('position', optional))
    .$call(number('excluded_at', optional))
    .$call(text('excluded_by', optional))
    .addPrimaryKeyConstraint('stage_key', ['digest_id', 'day', 'article_id'])
    .execute()
  await db.schema.alterTable('edition').addColumn('left_out', 'text').execute()
  await sql`create index delivery_skipped on delivery (edition_id, subscriber_id) where state = 'skipped'`.execute(db)
  await sql`create index delivery_doubted on delivery (edition_id, subscriber_id) where doubted_at is not null`.execute(
    db,
  )
}

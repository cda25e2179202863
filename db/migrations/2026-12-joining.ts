import type { Kysely } from 'kysely'
import { columns, type Kind } from '../columns.ts'

/** What a reader wishes when asking to join, lists with a single opt-in, and letters in a list's own words. */
export async function joining(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, text, reference } = columns(kind)
  await db.schema.alterTable('consent').addColumn('wish', 'text').execute()
  await db.schema.alterTable('list').addColumn('single_opt_in', 'text').execute()
  await table(db, 'list_letter')
    .$call(reference('list_id', 'list.id'))
    .$call(text('kind'))
    .$call(text('language'))
    .$call(text('subject'))
    .$call(text('body'))
    .addPrimaryKeyConstraint('list_letter_once', ['list_id', 'kind', 'language'])
    .execute()
}

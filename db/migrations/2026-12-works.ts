import type { Kysely } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What was brought to the desk to be imported, and how far the work on it is: it goes on beside the pages. */
export async function works(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, id, number, text, reference } = columns(kind)
  await table(db, 'import_run')
    .$call(id)
    .$call(text('public_id', (column) => column.notNull().unique()))
    .$call(reference('list_id', 'list.id'))
    .$call(text('actor'))
    .$call(text('files'))
    .$call(text('choices'))
    .$call(text('state'))
    .$call(text('part'))
    .$call(number('done'))
    .$call(number('total'))
    .$call(text('outcome', optional))
    .$call(reference('import_id', 'import.id', optional))
    .$call(number('created_at'))
    .$call(number('touched_at'))
    .execute()
}

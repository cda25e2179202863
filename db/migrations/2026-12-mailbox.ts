import type { Kysely } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** Mailboxes that are read for what comes back: how far, when again, and what is the matter with them. */
export async function mailbox(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text } = columns(kind)
  await table(db, 'mailbox')
    .$call(text('place', (column) => column.notNull().primaryKey()))
    .$call(number('uid_validity'))
    .$call(number('uid'))
    .$call(number('read_at', optional))
    .$call(number('next_at'))
    .$call(number('failures'))
    .$call(text('trouble', optional))
    .$call(number('trouble_at', optional))
    .execute()
}

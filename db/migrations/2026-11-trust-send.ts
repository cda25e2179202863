import type { Kysely } from 'kysely'
import { columns, type Kind } from '../columns.ts'

/** What signing takes: a private key, encrypted, for each domain and selector. */
export async function trustSend(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, id, text, number } = columns(kind)
  await table(db, 'dkim_key')
    .$call(id)
    .$call(text('domain'))
    .$call(text('selector'))
    .$call(text('private_key'))
    .$call(text('public_key'))
    .$call(number('signs_at'))
    .$call(number('created_at'))
    .addUniqueConstraint('dkim_key_of_selector', ['domain', 'selector'])
    .execute()
}

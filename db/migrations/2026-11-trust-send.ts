import type { Kysely } from 'kysely'
import { columns, type Kind } from '../columns.ts'

/** What signing takes: a private key, encrypted, for each domain and selector. And how far a relay's rate and its day are used up, and when a first edition was braked. */
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
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  for (const name of ['next_at', 'day_n'])
    await db.schema
      .alterTable('relay')
      .addColumn(name, whole, (column) => column.notNull().defaultTo(0))
      .execute()
  await db.schema
    .alterTable('relay')
    .addColumn('day_on', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  await db.schema.alterTable('edition').addColumn('braked_at', whole).execute()
}

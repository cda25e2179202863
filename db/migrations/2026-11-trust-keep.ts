import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** Where this database sends from, so that a copy of it or a restored backup asks before it writes to anybody. */
export async function trustKeep(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text, reference } = columns(kind)
  await table(db, 'home')
    .$call(number('id', (column) => column.primaryKey().notNull()))
    .$call(text('instance'))
    .$call(text('url', optional))
    .$call(text('held_for', optional))
    .$call(number('held_at', optional))
    .$call(text('backup', optional))
    .$call(number('since_at', optional))
    .execute()
  await sql`insert into home (id, instance) values (1, ${randomBytes(8).toString('hex')})`.execute(db)
  await table(db, 'told_story')
    .$call(reference('digest_id', 'digest.id'))
    .$call(text('key'))
    .addPrimaryKeyConstraint('told_story_pk', ['digest_id', 'key'])
    .execute()
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  await db.schema.alterTable('digest').addColumn('told_until', whole).execute()
}

import type { Kysely } from 'kysely'
import { columns, type Kind } from '../columns.ts'

/** One may have several roles for the same list, as the editor who also sends. */
export async function workerRoles(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text, reference } = columns(kind)
  await table(db, 'account_role_each')
    .$call(reference('account_id', 'account.id'))
    .$call(number('list_id'))
    .$call(text('role'))
    .addPrimaryKeyConstraint('account_role_each_key', ['account_id', 'list_id', 'role'])
    .execute()
  const roles = db as Kysely<Record<'account_role' | 'account_role_each', Row>>
  await roles
    .insertInto('account_role_each')
    .columns(['account_id', 'list_id', 'role'])
    .expression(roles.selectFrom('account_role').select(['account_id', 'list_id', 'role']))
    .execute()
  await db.schema.dropTable('account_role').execute()
  await db.schema.alterTable('account_role_each').renameTo('account_role').execute()
}

type Row = { account_id: number; list_id: number; role: string }

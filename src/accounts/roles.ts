import type { Db } from '../../db/schema.ts'
import { Problem } from '../problem.ts'

/** What people at the desk are. An owner may do all; a reader looks and changes nothing. */
export const ROLES = ['owner', 'editor', 'list-manager', 'sender', 'reader'] as const
export type Role = (typeof ROLES)[number]

/** A role, everywhere (`list` 0) or for one list by its inner id. */
export type Granted = { role: Role; list: number }

const EVERYBODY: readonly Role[] = ROLES

/** What may be done, and by whom. Those that begin with list, reader, digest or edition may be granted for one list. */
const PERMISSIONS = {
  'desk.read': EVERYBODY,
  'article.read': EVERYBODY,
  'article.write': ['owner', 'editor'],
  'channel.read': EVERYBODY,
  'channel.write': ['owner', 'editor'],
  'source.read': EVERYBODY,
  'source.write': ['owner', 'editor'],
  'list.read': EVERYBODY,
  'list.write': ['owner', 'list-manager'],
  'reader.read': ['owner', 'list-manager'],
  'reader.write': ['owner', 'list-manager'],
  'digest.read': EVERYBODY,
  'digest.write': ['owner', 'editor'],
  'digest.test': ['owner', 'editor', 'sender'],
  'edition.send': ['owner', 'sender'],
  'settings.read': ['owner'],
  'settings.write': ['owner'],
  'account.read': ['owner'],
  'account.write': ['owner'],
  'trail.read': ['owner'],
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof PERMISSIONS

/** Whether these roles allow it: for this list, or with no list, everywhere. */
export function may(granted: readonly Granted[], permission: Permission, list = 0): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission]
  return granted.some((one) => roles.includes(one.role) && (one.list === 0 || one.list === list))
}

/** The lists for which these roles allow it; `all` where it is allowed everywhere. */
export function listsOf(granted: readonly Granted[], permission: Permission): 'all' | number[] {
  if (may(granted, permission)) return 'all'
  const roles: readonly Role[] = PERMISSIONS[permission]
  return [...new Set(granted.filter((one) => roles.includes(one.role)).map((one) => one.list))]
}

/** A role as typed, or a Problem that names them all. */
export function checkedRole(text: string): Role {
  const role = ROLES.find((one) => one === text)
  if (!role) throw new Problem('bad-role', { value: text.slice(0, 40), roles: ROLES.join(', ') })
  return role
}

/** What an account was granted. */
export async function rolesOf(db: Db, accountId: number): Promise<Granted[]> {
  const rows = await db
    .selectFrom('account_role')
    .select(['role', 'list_id'])
    .where('account_id', '=', accountId)
    .orderBy('list_id')
    .orderBy('role')
    .execute()
  return rows.map((row) => ({ role: checkedRole(row.role), list: row.list_id }))
}

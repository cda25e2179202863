import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * Somebody who works at the desk. `password` is an argon2id hash (PHC), null until one is chosen; `totp` the sealed secret of
 * the second factor, in force from `totp_at` on, `totp_step` the last step that was used. With `ended_at` nobody signs in.
 */
export interface AccountTable {
  id: Generated<number>
  public_id: string
  address: string
  address_hash: string
  name: string
  language: string
  password: string | null
  totp: string | null
  totp_step: number | null
  totp_at: Instant | null
  created_at: Instant
  ended_at: Instant | null
}

/** What an account may do (accounts/roles.ts), everywhere (`list_id` 0) or for one list; several roles add up. */
export interface AccountRoleTable {
  account_id: number
  list_id: number
  role: string
}

/** SHA-256 of a code that stands in for the second factor, once. */
export interface RecoveryCodeTable {
  account_id: number
  hash: string
}

/** A browser that is signed in; `hash` is SHA-256 of what its cookie holds, `public_id` names it on pages. */
export interface SessionTable {
  hash: string
  public_id: string
  account_id: number
  agent: string
  network: string
  created_at: Instant
  seen_at: Instant
}

/**
 * A link that lets somebody in, once; `hash` is SHA-256 of its token. `kind`: setup (the first owner), invite, reset,
 * reset-factor (the second factor goes, too).
 * `roles` is JSON (accounts.Roles).
 */
export interface InvitationTable {
  hash: string
  kind: string
  account_id: number | null
  roles: string
  actor: string
  created_at: Instant
  expires_at: Instant
  used_at: Instant | null
}

/** The tables of who works at the desk. */
export interface AccountsTables {
  account: AccountTable
  account_role: AccountRoleTable
  recovery_code: RecoveryCodeTable
  session: SessionTable
  invitation: InvitationTable
}

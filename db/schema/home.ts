import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * Where this database sends from: one row. `instance` is its own name, `url` the address it last sent for, `place` what tells
 * it from a copy. Nothing is sent while `held_for` says why: restored (from this `backup`, made at `since_at`) or copied.
 * `logs` is JSON: the logs that the database which it took the place of wrote into, where that one was there to tell.
 */
export interface HomeTable {
  id: number
  instance: string
  url: string | null
  place: string | null
  logs: string | null
  held_for: string | null
  held_at: Instant | null
  backup: string | null
  since_at: Instant | null
}

/** A left.log that senders of this database write into: the identity of the file, and when one last began an edition. */
export interface LeftLogTable {
  id: string
  used_at: Instant
}

/** A key of the ring that this database's links are signed with, by its number there. */
export interface RingKeyTable {
  number: number
  fingerprint: string
}

/** Append-only: what was changed, by whom, from what to what (JSON). */
export interface ChangeTable {
  id: Generated<number>
  actor: string
  verb: string
  subject: string
  before: string | null
  after: string | null
  at: Instant
}

/** Which firing of which job has been taken, so that one of many machines runs it. */
export interface CronRunTable {
  key: string
  at: Instant
}

/** What has been used of a limit: `n` times since `since_at`. `key` names no person in clear. */
export interface AllowanceTable {
  key: string
  since_at: Instant
  n: number
}

/** The tables of which database this is, and what its processes share. */
export interface HomeTables {
  home: HomeTable
  left_log: LeftLogTable
  ring_key: RingKeyTable
  change: ChangeTable
  cron_run: CronRunTable
  allowance: AllowanceTable
}

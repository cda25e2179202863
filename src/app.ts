import type { Database } from '../db/open.ts'
import type { Db } from '../db/schema.ts'
import type { Config } from './config.ts'
import type { Keys } from './keys.ts'

/** What the product may touch of the world. Tests hand in their own clock and mailbox. */
export type App = {
  readonly db: Db
  readonly read: Db
  readonly database: Database
  readonly config: Config
  readonly keys: Keys
  readonly now: () => Temporal.Instant
  readonly log: Log
}

/** Tells the engineer what happened: an event in a few words, details without addresses, tokens or bodies. */
export type Log = {
  info(event: string, details?: Record<string, unknown>): void
  warn(event: string, details?: Record<string, unknown>): void
  error(event: string, details?: Record<string, unknown>): void
}

/** Who does something: `cli`, `job`, `reader`, `demo`; later a user of the desk or a token of the API. */
export type Actor = string

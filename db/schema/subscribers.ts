import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * A person's address. `address_hash` (SHA-256 of the lower-cased address) is what identity and suppression compare. `fields`
 * is JSON: what else is kept, by the names of `field`; null where there is nothing.
 */
export interface SubscriberTable {
  id: Generated<number>
  public_id: string
  address: string | null
  address_hash: string
  name: string | null
  created_at: Instant
  erased_at: Instant | null
  fields: string | null
}

/** What else may be kept of a reader. `kind`: text, number or date (yyyy-mm-dd). */
export interface FieldTable {
  id: Generated<number>
  name: string
  title: string
  kind: string
  created_at: Instant
}

/** A reader whose name the search has yet to learn, or to forget; noted by a trigger. */
export interface NameChangeTable {
  subscriber_id: number
}

/**
 * One address on one list. `state`: pending, active, left. `format`: html, headlines or text. `sections` is a JSON array of
 * names, or '' for all. What is null of `zone`, `minute` and `weekdays` is the digest's; `placed` (db/placed.ts) is the hour
 * that its slots were last found for.
 */
export interface SubscriptionTable {
  id: Generated<number>
  list_id: number
  subscriber_id: number
  state: string
  sections: string
  format: string
  language: string
  zone: string | null
  minute: number | null
  weekdays: number | null
  paused_until: Instant | null
  feed_epoch: number
  created_at: Instant
  requested_at: Instant | null
  confirmed_at: Instant | null
  left_at: Instant | null
  left_reason: string | null
  placed: Generated<string>
}

/**
 * Evidence: who asked, confirmed, joined, was imported or left; when, from which network, in which words. `wish` is JSON
 * (subscribers.Wishes): what was asked for beside the list, until it is confirmed.
 */
export interface ConsentTable {
  id: Generated<number>
  subscription_id: number | null
  address_hash: string
  list_id: number
  kind: string
  at: Instant
  network: string | null
  form: string
  wording: string
  wording_version: string
  actor: string
  wish: string | null
}

export interface SuppressionTable {
  id: Generated<number>
  address_hash: string
  address: string | null
  reason: string
  actor: string
  created_at: Instant
}

/**
 * One import: `files` and `counts` are JSON, `state` is running, done, stopped or undone. One that is running and was not
 * touched for a minute was ended from outside.
 */
export interface ImportTable {
  id: Generated<number>
  list_id: number
  actor: string
  files: string
  state: string
  counts: string
  started_at: Instant
  touched_at: Instant
  undone_at: Instant | null
}

/** What an import did to a row of `kind` subscription or suppression: made it, or changed what is in `before` (JSON). */
export interface ImportEntryTable {
  import_id: number
  kind: string
  row_id: number
  before: string | null
}

/**
 * Files that were brought to the desk for a list. `files` (names and bytes), `choices` (import-runs.Choices) and `outcome`
 * (subscribers.Imported, of the latest try) are JSON. `state`: ready, trying, tried, refused, bringing, stopping, stopped or
 * done; of the work that goes on, `part` is reading or applying, `done` and `total` are bytes or rows.
 */
export interface ImportRunTable {
  id: Generated<number>
  public_id: string
  list_id: number
  actor: string
  files: string
  choices: string
  state: string
  part: string
  done: number
  total: number
  outcome: string | null
  import_id: number | null
  created_at: Instant
  touched_at: Instant
}

/** The tables of readers, what they agreed to, and how they came. */
export interface SubscribersTables {
  subscriber: SubscriberTable
  field: FieldTable
  name_change: NameChangeTable
  subscription: SubscriptionTable
  consent: ConsentTable
  suppression: SuppressionTable
  import: ImportTable
  import_entry: ImportEntryTable
  import_run: ImportRunTable
}

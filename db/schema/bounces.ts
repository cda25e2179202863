import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * What came back about a letter. `kind`: hard, full (the mailbox), soft, policy (our own reputation), delayed, complaint,
 * leaving. `status` is RFC 3463's, `words` the other server's, without addresses; `domain` is the reader's, for counting;
 * `via`: mail, smtp (a relay refused it), or the provider that reported it. A notice has no edition.
 */
export interface BounceTable {
  id: Generated<number>
  subscriber_id: number
  edition_id: number | null
  kind: string
  status: string | null
  words: string
  domain: string
  via: string
  at: Instant
}

/** What was taken in already: the hash of a message, or a provider's name for an event. */
export interface ArrivalTable {
  key: string
  at: Instant
}

/** A provider that may report to us; `settings` is JSON, sealed with the key ring. */
export interface HookTable {
  provider: string
  settings: string
  created_at: Instant
}

/**
 * A mailbox that is read for what comes back. What has an id up to `uid`, as long as the server's `uid_validity` is this
 * (RFC 3501, 2.3.1.1), was looked at. `trouble` is what has been the matter since `trouble_at`, after `failures` tries.
 */
export interface MailboxTable {
  place: string
  uid_validity: number
  uid: number
  read_at: Instant | null
  next_at: Instant
  failures: number
  trouble: string | null
  trouble_at: Instant | null
}

/** The tables of what comes back, and where it comes in. */
export interface BouncesTables {
  bounce: BounceTable
  arrival: ArrivalTable
  hook: HookTable
  mailbox: MailboxTable
}

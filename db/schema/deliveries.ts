import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * One edition to one subscriber. `state`: queued, claimed, submitting, submitted, deferred, refused, skipped, uncertain.
 * `told_before` is where the reader's follow stood; `doubted_at` keeps for ever that it once was uncertain. One that waits
 * and has a `domain` waits for that, and is due on no day.
 */
export interface DeliveryTable {
  edition_id: number
  subscriber_id: number
  subscription_id: number
  part_id: number
  state: string
  reason: string | null
  told_before: number
  due_at: Instant
  attempts: number
  sender_id: string | null
  claimed_at: Instant | null
  submitted_at: Instant | null
  doubted_at: Instant | null
  relay_id: number | null
  reply: string | null
  domain: string | null
}

/** How many deliveries of an edition stand in each state; kept by the ledger's own commits. */
export interface TallyTable {
  edition_id: number
  state: string
  n: number
}

/**
 * What came of counting an edition's letters row by row, the last time. `outcome`: even (all of them are in one of the states,
 * and the tally says so too) or amiss. `doubted` is how many once were uncertain, `reasons`
 * (JSON) how many were not sent for each reason, the most frequent first.
 */
export interface VerdictTable {
  edition_id: number
  outcome: string
  counted_at: Instant
  recipients: number
  submitted: number
  refused: number
  skipped: number
  uncertain: number
  waiting: number
  doubted: number
  reasons: string
}

/** A relay we submit through; `name` is host:port, never its password. */
export interface RelayTable {
  id: Generated<number>
  name: string
  paused_until: Instant | null
  reason: string | null
  next_at: Generated<Instant>
  day_on: Generated<string>
  day_n: Generated<number>
}

/**
 * A domain that letters go to and that limits them, or refuses ours. `next_at` is when its next letter may go, `parked_at`
 * since when letters wait for it. While it refuses us there is a `reason` in its own words; `told` is how we know: smtp, or
 * bounce. Nothing goes there before `paused_until`; `tried_at` is when a few were let go to see. `pauses` counts, and counts
 * from `paused_at` on for some days.
 */
export interface RecipientDomainTable {
  domain: string
  next_at: Generated<Instant>
  parked_at: Instant | null
  paused_until: Instant | null
  paused_at: Instant | null
  pauses: Generated<number>
  reason: string | null
  told: string | null
  tried_at: Instant | null
}

/** A DKIM key of a domain: `private_key` is sealed, `public_key` is SPKI in base64, as DNS shows it. Of those whose `signs_at` has come, the latest signs. */
export interface DkimKeyTable {
  id: Generated<number>
  domain: string
  selector: string
  private_key: string
  public_key: string
  signs_at: Instant
  created_at: Instant
}

/** A process that sends; alive as long as it holds the lock of this id. */
export interface SenderTable {
  id: string
  started_at: Instant
}

/**
 * A letter to one person outside editions: confirmation, welcome, test. Same states as a delivery. A report of an edition goes
 * to an `address` of the newsroom and has neither subscriber nor subscription.
 */
export interface NoticeTable {
  id: Generated<number>
  kind: string
  subscriber_id: number | null
  subscription_id: number | null
  language: string
  state: string
  reason: string | null
  due_at: Instant
  attempts: number
  sender_id: string | null
  claimed_at: Instant | null
  submitted_at: Instant | null
  doubted_at: Instant | null
  relay_id: number | null
  reply: string | null
  created_at: Instant
  edition_id: number | null
  address: string | null
  address_hash: string | null
}

/** The tables of the ledger of letters and the ways they go. */
export interface DeliveriesTables {
  delivery: DeliveryTable
  tally: TallyTable
  verdict: VerdictTable
  relay: RelayTable
  recipient_domain: RecipientDomainTable
  dkim_key: DkimKeyTable
  sender: SenderTable
  notice: NoticeTable
}

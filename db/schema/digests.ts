import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * The standing promise. `max_age` and `late` are milliseconds. What was published until `told_until` counts as told: a
 * restored database does not know what its lost editions told. With `segment_id` only those readers of the list get it.
 */
export interface DigestTable {
  id: Generated<number>
  slug: string
  title: string
  list_id: number
  channel_id: number
  max: number
  min: number
  max_age: number
  late: number
  created_at: Instant
  told_until: Instant | null
  segment_id: number | null
}

/**
 * An hour of a digest: `minute` of the local day in `zone`, on `weekdays` (bit 0 = Monday); due at `next_at`. The first of a
 * digest is its own; another one is there because readers asked for it, and has ended when none of them is left.
 */
export interface SlotTable {
  id: Generated<number>
  digest_id: number
  zone: string
  minute: number
  weekdays: number
  next_on: string
  next_at: Instant
  ended_at: Instant | null
}

/** What entered a digest, in order; append-only. */
export interface StoryTable {
  digest_id: number
  seq: number
  article_id: number
  excluded_at: Instant | null
}

/**
 * What the newsroom chose for a digest's editions of a day: the place of a story among those that stand first (from 0), or that
 * it is left out, when and by whom.
 */
export interface StageTable {
  digest_id: number
  day: string
  article_id: number
  position: number | null
  excluded_at: Instant | null
  excluded_by: string | null
}

/**
 * What a reader of a digest was told, up to where, and on which local day; whoever has no row yet is in the digest's own
 * slot. `spacing`: who moved since the last letter may have waited for this many days; null: as many as in the slot.
 */
export interface FollowTable {
  digest_id: number
  subscription_id: number
  slot_id: number
  told_seq: number
  last_on: string | null
  spacing: number | null
}

/** What a lost edition has told, by the hash of its guid: it does not enter the digest again. */
export interface ToldStoryTable {
  digest_id: number
  key: string
}

/** The tables of the standing promises and what each reader was told. */
export interface DigestsTables {
  digest: DigestTable
  slot: SlotTable
  story: StoryTable
  stage: StageTable
  follow: FollowTable
  told_story: ToldStoryTable
}

import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as segments from '../segments/index.ts'
import type { Condition } from '../subscribers/index.ts'
import type { Digest, Slot } from './promise.ts'

/** One reader of a digest: what this reader was told up to, and how the letter is to be made. */
export type Reader = { subscription_id: number; subscriber_id: number; told: number; language: string; format: string }

/** Readers who share a letter, and how many they are. */
export type Group = { told: number; language: string; format: string; n: number }

/** Who gets the edition of a day in a slot: whom we may write to, and who was not served on that day already. */
function served(db: Db, digest: Digest, slot: Slot, day: string, at: Instant, only: Condition | undefined) {
  return writable(db, digest, at, only).where(({ eb, or, and }) =>
    or([
      eb('follow.slot_id', 'is', null),
      and([eb('follow.slot_id', '=', slot.id), or([eb('follow.last_on', 'is', null), eb('follow.last_on', '<', day)])]),
    ]),
  )
}

/** Whether there is anybody whom we may write to. */
export async function anybody(db: Db, digest: Digest, at: Instant): Promise<boolean> {
  const only = await segments.conditionOf(db, digest, at)
  return (await writable(db, digest, at, only).select('subscription.id').limit(1).executeTakeFirst()) !== undefined
}

/** The digest's readers whom we may write to: active, not pausing, not suppressed, and in its segment if it has one. */
function writable(db: Db, digest: Digest, at: Instant, only: Condition | undefined) {
  return db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .leftJoin('follow', (join) =>
      join.onRef('follow.subscription_id', '=', 'subscription.id').on('follow.digest_id', '=', digest.id),
    )
    .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
    .where('subscription.list_id', '=', digest.list_id)
    .where('subscription.state', '=', 'active')
    .where(({ eb, or }) => or([eb('subscription.paused_until', 'is', null), eb('subscription.paused_until', '<=', at)]))
    .where('suppression.id', 'is', null)
    .where('subscriber.address', 'is not', null)
    .$if(only !== undefined, (query) => query.where(only!))
}

/**
 * The groups of readers that a day's letters must be made for. Readers whose last letter was deferred count twice: as told, and
 * (with n = 0) as they will stand once that letter has been superseded.
 */
export async function groups(db: Db, digest: Digest, slot: Slot, day: string, at: Instant): Promise<Group[]> {
  const only = await segments.conditionOf(db, digest, at)
  const counted = await served(db, digest, slot, day, at, only)
    .select(['subscription.language', 'subscription.format', 'follow.told_seq as told'])
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .groupBy(['subscription.language', 'subscription.format', 'follow.told_seq'])
    .execute()
  const waiting = await db
    .selectFrom('edition')
    .innerJoin('delivery', 'delivery.edition_id', 'edition.id')
    .innerJoin('subscription', 'subscription.id', 'delivery.subscription_id')
    .select(['subscription.language', 'subscription.format', 'delivery.told_before as told'])
    .distinct()
    .where('edition.digest_id', '=', digest.id)
    .where('edition.state', 'in', ['composing', 'frozen', 'held'])
    .where('delivery.state', '=', 'deferred')
    .where('delivery.doubted_at', 'is', null)
    .execute()
  return [
    ...counted.map((group) => ({ ...group, told: group.told ?? 0 })),
    ...waiting.map((group) => ({ ...group, n: 0 })),
  ]
}

/** The next readers after a subscription, in the order of their ids. */
export async function after(
  db: Db,
  digest: Digest,
  slot: Slot,
  day: string,
  at: Instant,
  cursor: number,
  limit: number,
): Promise<Reader[]> {
  const only = await segments.conditionOf(db, digest, at)
  return served(db, digest, slot, day, at, only)
    .select([
      'subscription.id as subscription_id',
      'subscription.subscriber_id',
      'subscription.language',
      'subscription.format',
    ])
    .select(({ fn, val, cast }) => cast<number>(fn.coalesce('follow.told_seq', val(0)), 'integer').as('told'))
    .where('subscription.id', '>', cursor)
    .orderBy('subscription.id')
    .limit(limit)
    .execute()
}

/** What one subscription was told up to. */
export async function told(db: Db, digest: Digest, subscriptionId: number): Promise<number> {
  const row = await db
    .selectFrom('follow')
    .select('told_seq')
    .where('digest_id', '=', digest.id)
    .where('subscription_id', '=', subscriptionId)
    .executeTakeFirst()
  return row?.told_seq ?? 0
}

/** How far the reader who was told most was told. */
export async function mostTold(db: Db, digest: Digest): Promise<number> {
  const row = await db
    .selectFrom('follow')
    .select(({ fn }) => fn.max('told_seq').as('told'))
    .where('digest_id', '=', digest.id)
    .executeTakeFirst()
  return row?.told ?? 0
}

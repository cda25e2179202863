import { waiting as isWaiting } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as deliveries from '../deliveries/index.ts'
import * as segments from '../segments/index.ts'
import { type Condition, stretches } from '../subscribers/index.ts'
import * as calendar from './calendar.ts'
import type { Digest } from './promise.ts'
import type { Place } from './slots.ts'

/**
 * How a letter is made for a reader: `told` is what this reader was told up to (null: no letter yet), `spacing` how many days
 * lie between two letters, `sections` as the subscription has it.
 */
export type Wants = { told: number | null; spacing: number; language: string; format: string; sections: string }

export type Reader = Wants & { subscription_id: number; subscriber_id: number }

/** Readers who share a letter, and how many they are. */
export type Group = Wants & { n: number }

type Counted = Omit<Group, 'spacing'> & { spacing: number | null }

/** Who gets the edition of a day in a slot: whom we may write to, and who was not served on that day already. */
function served(db: Db, place: Place, day: string, at: Instant, only: Condition | undefined) {
  return inSlot(db, place, at, only).where(({ eb, or }) =>
    or([eb('follow.last_on', 'is', null), eb('follow.last_on', '<', day)]),
  )
}

/** Whether there is anybody in a slot whom we may write to. */
export async function anybody(db: Db, place: Place, at: Instant): Promise<boolean> {
  const only = await segments.conditionOf(db, place.digest, at)
  let found = false
  await stretches(db, 'subscription', undefined, async (above, upTo) => {
    const some = inSlot(db, place, at, only).where(idIn(place), '>', above).where(idIn(place), '<=', upTo)
    found = (await some.select('subscription.id').limit(1).executeTakeFirst()) !== undefined
    return found
  })
  return found
}

/** A subscription's id as it is indexed. */
function idIn({ own }: Place) {
  return own ? ('subscription.id' as const) : ('follow.subscription_id' as const)
}

/** A slot's readers whom we may write to: active, not pausing, not suppressed, and in the digest's segment if it has one. */
function inSlot(db: Db, place: Place, at: Instant, only: Condition | undefined) {
  return (place.own ? ofList(db, place) : placed(db, place))
    .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
    .where('subscription.state', '=', 'active')
    .where(({ eb, or }) => or([eb('subscription.paused_until', 'is', null), eb('subscription.paused_until', '<=', at)]))
    .where('suppression.id', 'is', null)
    .where('subscriber.address', 'is not', null)
    .$if(only !== undefined, (query) => query.where(only!))
}

/** A digest's own slot is that of all who are placed in no other: the list is walked once. */
function ofList(db: Db, { digest, slot }: Place) {
  return db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .leftJoin('follow', (join) =>
      join.onRef('follow.subscription_id', '=', 'subscription.id').on('follow.digest_id', '=', digest.id),
    )
    .where('subscription.list_id', '=', digest.list_id)
    .where(({ eb, or }) => or([eb('follow.slot_id', 'is', null), eb('follow.slot_id', '=', slot.id)]))
}

/** Another slot's readers are found by its index alone, however large the list. */
function placed(db: Db, { slot }: Place): ReturnType<typeof ofList> {
  const query = db
    .selectFrom('follow')
    .innerJoin('subscription', 'subscription.id', 'follow.subscription_id')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .where('follow.slot_id', '=', slot.id)
  return query as unknown as ReturnType<typeof ofList> // the same three tables
}

/**
 * The groups of readers that a day's letters must be made for. Readers whose last letter was deferred count twice: as told, and
 * (with n = 0) as they will stand once that letter has been superseded.
 */
export async function groups(db: Db, place: Place, day: string, at: Instant): Promise<Group[]> {
  const columns = [
    'subscription.language',
    'subscription.format',
    'subscription.sections',
    'follow.told_seq as told',
    'follow.spacing',
  ] as const
  const only = await segments.conditionOf(db, place.digest, at)
  const counted = new Map<string, Counted>()
  await stretches(db, 'subscription', undefined, async (above, upTo) => {
    const rows = await served(db, place, day, at, only)
      .where(idIn(place), '>', above)
      .where(idIn(place), '<=', upTo)
      .select(columns)
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .groupBy([
        'subscription.language',
        'subscription.format',
        'subscription.sections',
        'follow.told_seq',
        'follow.spacing',
      ])
      .execute()
    for (const { n, ...wants } of rows) {
      const key = JSON.stringify(wants)
      counted.set(key, { ...wants, n: n + (counted.get(key)?.n ?? 0) })
    }
  })
  const waiting = await db
    .selectFrom('edition')
    .innerJoin('delivery', 'delivery.edition_id', 'edition.id')
    .innerJoin('subscription', 'subscription.id', 'delivery.subscription_id')
    .innerJoin('follow', (join) =>
      join
        .onRef('follow.digest_id', '=', 'edition.digest_id')
        .onRef('follow.subscription_id', '=', 'delivery.subscription_id'),
    )
    .select([...columns.slice(0, 3), 'delivery.told_before as told', 'follow.spacing'] as const)
    .distinct()
    .where('edition.digest_id', '=', place.digest.id)
    .where('edition.state', 'in', ['composing', 'frozen', 'held'])
    .where(deliveries.hasDeferred)
    .where(isWaiting('delivery'))
    .where('delivery.state', '=', 'deferred')
    .where('follow.slot_id', '=', place.slot.id)
    .execute()
  const usual = calendar.spacing(place.slot.weekdays)
  return [
    ...[...counted.values()].map((group) => ({ ...group, spacing: group.spacing ?? usual })),
    ...waiting.map((group) => ({ ...group, spacing: group.spacing ?? usual, n: 0 })),
  ] as Group[]
}

/** Who opens the archive, as a reader of a digest's own hour; nobody, where the digest has no readers at all. */
export async function archive(db: Db, place: Place): Promise<Group[]> {
  const { digest, slot } = place
  const elsewhere = await db
    .selectFrom('slot')
    .select('id')
    .where('digest_id', '=', digest.id)
    .where('id', '!=', slot.id)
    .where('ended_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  if (!elsewhere) return []
  const { language } = await db
    .selectFrom('list')
    .select('language')
    .where('id', '=', digest.list_id)
    .executeTakeFirstOrThrow()
  const wants = { told: await toldIn(db, place), language, format: 'html', sections: '' }
  return [{ ...wants, spacing: calendar.spacing(slot.weekdays), n: 1 }]
}

/** The next readers after a subscription, in the order of their ids. */
export async function after(
  db: Db,
  place: Place,
  day: string,
  at: Instant,
  cursor: number,
  limit: number,
): Promise<Reader[]> {
  const id = idIn(place)
  const only = await segments.conditionOf(db, place.digest, at)
  const rows = await served(db, place, day, at, only)
    .select([
      'subscription.id as subscription_id',
      'subscription.subscriber_id',
      'subscription.language',
      'subscription.format',
      'subscription.sections',
      'follow.told_seq as told',
      'follow.spacing',
    ])
    .where(id, '>', cursor)
    .orderBy(id)
    .limit(limit)
    .execute()
  const usual = calendar.spacing(place.slot.weekdays)
  return rows.map((row) => ({ ...row, spacing: row.spacing ?? usual }))
}

/** Where one subscription stands in a digest; undefined while it was never told nor moved. */
export async function standing(db: Db, digest: Digest, subscriptionId: number): Promise<Standing | undefined> {
  return db
    .selectFrom('follow')
    .select(['told_seq', 'slot_id', 'spacing'])
    .where('digest_id', '=', digest.id)
    .where('subscription_id', '=', subscriptionId)
    .executeTakeFirst()
}

type Standing = { told_seq: number; slot_id: number; spacing: number | null }

/** How far a reader was told who got every edition of this hour; null before the first one. */
export async function toldIn(db: Db, { digest, slot }: Place): Promise<number | null> {
  const last = await db
    .selectFrom('edition')
    .select(({ fn }) => fn.max('to_seq').as('told'))
    .where('digest_id', '=', digest.id)
    .where('slot_id', '=', slot.id)
    .where('state', '!=', 'skipped')
    .executeTakeFirst()
  return last?.told ?? null
}

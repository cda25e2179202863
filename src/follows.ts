import { sql } from 'kysely'
import { kindOf } from '../db/database.ts'
import { rowsOf } from '../db/rows.ts'
import type { Db, FollowTable } from '../db/schema.ts'

/*
 * What each reader of a digest was told, up to where. It moves on when a delivery is queued and back when that delivery ends
 * unsent, so that its stories come with the next edition; never back for one that may have arrived.
 */

const SLICE = 5000 // readers in one statement: their ids stand in it twice, and SQLite takes 32,766 values
const WEEK = 604_800_000 // ms; older editions were settled long ago: the pauses of NASHRA_RETRY end within two days

/** Whom an edition is for; `told` is up to where this reader was told when that was looked up, null for one who never was. */
export type Reader = { subscription_id: number; told: number | null }

/**
 * These readers are told up to here, on this day; in the caller's transaction. Answers those who are: not who was told by
 * another edition since, or on this or a later day already.
 */
export async function tell(
  db: Db,
  to: Pick<FollowTable, 'digest_id' | 'slot_id' | 'told_seq'> & { last_on: string },
  readers: Reader[],
): Promise<Set<number>> {
  const known = readers.filter(({ told }) => told !== null)
  const fresh = readers.filter(({ told }) => told === null)
  const ids: { subscription_id: number }[] = []
  const { digest_id, slot_id, told_seq, last_on } = to
  if (fresh.length > 0) {
    const rows = rowsOf(
      kindOf(db),
      ['whole'],
      fresh.map((reader) => [reader.subscription_id]),
    )
    const { rows: told } = await sql<{ subscription_id: number }>`
      with reader (subscription_id) as (${rows})
      insert into follow (digest_id, subscription_id, slot_id, told_seq, last_on)
      select cast(${digest_id} as bigint), subscription_id, cast(${slot_id} as bigint), cast(${told_seq} as bigint), cast(${last_on} as text)
      from reader where true
      on conflict do nothing returning subscription_id`.execute(db)
    ids.push(...told)
  }
  if (known.length > 0) {
    const rows = rowsOf(
      kindOf(db),
      ['whole', 'whole'],
      known.map((reader) => [reader.subscription_id, reader.told]),
    )
    // An upsert, although the rows are there: an update from the readers would walk all rows of the digest on SQLite.
    const { rows: told } = await sql<{ subscription_id: number }>`
      with reader (subscription_id, told) as (${rows})
      insert into follow (digest_id, subscription_id, slot_id, told_seq, last_on)
      select cast(${digest_id} as bigint), subscription_id, cast(${slot_id} as bigint), told, cast(${last_on} as text)
      from reader where true
      on conflict (digest_id, subscription_id) do update
      set told_seq = cast(${told_seq} as bigint), last_on = excluded.last_on, spacing = null
      where follow.told_seq = excluded.told_seq and (follow.last_on is null or follow.last_on < excluded.last_on)
      returning subscription_id`.execute(db)
    ids.push(...told)
  }
  return new Set(ids.map((row) => row.subscription_id))
}

/** Where readers of a digest stand: in which slot, of which weekdays. Who was never told or moved is in none. */
export async function standing(
  db: Db,
  digestId: number,
  subscriptionIds: number[],
): Promise<Map<number, { slot_id: number; weekdays: number; spacing: number | null }>> {
  const rows = await db
    .selectFrom('follow')
    .innerJoin('slot', 'slot.id', 'follow.slot_id')
    .select(['follow.subscription_id', 'follow.slot_id', 'slot.weekdays', 'follow.spacing'])
    .where('follow.digest_id', '=', digestId)
    .where('follow.subscription_id', 'in', subscriptionIds)
    .execute()
  return new Map(rows.map(({ subscription_id, ...row }) => [subscription_id, row]))
}

/** A reader moves into a slot; see FollowTable for `spacing`. */
export type Move = { subscription_id: number; slot_id: number; spacing: number }

/** Moves readers between the slots of a digest: what they were told, and on which day, they keep. In the caller's transaction. */
export async function place(db: Db, digestId: number, moves: Move[]): Promise<void> {
  if (moves.length === 0) return
  const rows = rowsOf(
    kindOf(db),
    ['whole', 'whole', 'whole'],
    moves.map((move) => [move.subscription_id, move.slot_id, move.spacing]),
  )
  await sql`
    with move (subscription_id, slot_id, spacing) as (${rows})
    insert into follow (digest_id, subscription_id, slot_id, told_seq, spacing)
    select cast(${digestId} as bigint), subscription_id, slot_id, 0, spacing from move where true
    on conflict (digest_id, subscription_id) do update set slot_id = excluded.slot_id, spacing = excluded.spacing`.execute(
    db,
  )
}

/** The subscriptions in a slot that only those who have left are in; undefined while there is another one. */
export async function onlyLeft(db: Db, slotId: number): Promise<number[] | undefined> {
  const staying = await db
    .selectFrom('follow')
    .innerJoin('subscription', 'subscription.id', 'follow.subscription_id')
    .select('subscription.id')
    .where('follow.slot_id', '=', slotId)
    .where('subscription.state', '!=', 'left')
    .limit(1)
    .executeTakeFirst()
  if (staying) return undefined
  const rows = await db.selectFrom('follow').select('subscription_id').where('slot_id', '=', slotId).execute()
  return rows.map((row) => row.subscription_id)
}

/**
 * Deliveries of this edition ended unsent (their rows say so already): their readers stand again where they stood before.
 *
 * Never further on, and never behind a letter that went out or may have: then its stories would come twice. Hence not
 * simply `told_before`, but the lowest of those that nothing sent lies above. Without `subscriberIds`: all the edition's.
 */
export async function untell(db: Db, editionId: number, subscriberIds?: number[]): Promise<void> {
  if (subscriberIds && subscriberIds.length > SLICE) {
    for (let start = 0; start < subscriberIds.length; start += SLICE) {
      await untell(db, editionId, subscriberIds.slice(start, start + SLICE))
    }
    return
  }
  if (subscriberIds?.length === 0) return
  const unsent = sql`delivery.state in ('refused', 'skipped') and delivery.doubted_at is null`
  const readers = subscriberIds
    ? sql`(${sql.join(subscriberIds)})`
    : sql`(select subscriber_id from delivery where edition_id = ${editionId} and ${unsent})`
  await sql`
    with recent as (
      select edition.id, edition.to_seq from edition join edition as this on this.digest_id = edition.digest_id
      where this.id = ${editionId} and edition.composed_at > this.composed_at - ${WEEK}
    ), sent as (
      select delivery.subscription_id, max(recent.to_seq) as seq
      from delivery join recent on recent.id = delivery.edition_id
      where delivery.subscriber_id in ${readers} and not (${unsent})
      group by delivery.subscription_id
    ), back as (
      select delivery.subscription_id, min(delivery.told_before) as seq
      from delivery join recent on recent.id = delivery.edition_id
      left join sent on sent.subscription_id = delivery.subscription_id
      where delivery.subscriber_id in ${readers} and ${unsent} and delivery.told_before >= coalesce(sent.seq, 0)
      group by delivery.subscription_id
    )
    update follow set told_seq = back.seq from back
    where follow.subscription_id = back.subscription_id and follow.told_seq > back.seq
      and follow.digest_id = (select digest_id from edition where id = ${editionId})`.execute(db)
}

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

/** These subscriptions are told up to here, on this day. At most 5,000 at a time, in the caller's transaction. */
export async function tell(
  db: Db,
  told: Omit<FollowTable, 'subscription_id'>,
  subscriptionIds: number[],
): Promise<void> {
  if (subscriptionIds.length === 0) return
  const { digest_id, slot_id, told_seq, last_on } = told
  const rows = rowsOf(
    kindOf(db),
    ['whole'],
    subscriptionIds.map((id) => [id]),
  )
  await sql`
    with reader (subscription_id) as (${rows})
    insert into follow (digest_id, subscription_id, slot_id, told_seq, last_on)
    select cast(${digest_id} as bigint), subscription_id, cast(${slot_id} as bigint), cast(${told_seq} as bigint), cast(${last_on} as text)
    from reader where true
    on conflict (digest_id, subscription_id) do update
    set slot_id = excluded.slot_id, told_seq = excluded.told_seq, last_on = excluded.last_on`.execute(db)
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

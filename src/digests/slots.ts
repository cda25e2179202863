import { type Selectable, sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db, SlotTable, SubscriptionTable } from '../../db/schema.ts'
import * as calendar from './calendar.ts'
import type { Digest } from './promise.ts'

/** An hour of a digest and when it comes next. */
export type Slot = Selectable<SlotTable>

/** A digest's hour; its `own` one is also that of every reader without an hour. */
export type Place = { digest: Digest; slot: Slot; own: boolean }

/** What a reader's hour is in a digest: what the reader does not say is the digest's own. */
export function hourOf(
  reader: Pick<SubscriptionTable, 'zone' | 'minute' | 'weekdays'>,
  own: calendar.Hour,
): calendar.Hour {
  const { zone, minute, weekdays } = reader
  return { zone: zone ?? own.zone, minute: minute ?? own.minute, weekdays: weekdays ?? own.weekdays }
}

/** Those of these hours that a digest has open, in one statement; in the caller's transaction nobody else ends them. */
export async function opened(db: Db, digestId: number, hours: calendar.Hour[]): Promise<Slot[]> {
  const rows = rowsOf(
    kindOf(db),
    ['word', 'whole', 'whole'],
    hours.map(({ zone, minute, weekdays }) => [zone, minute, weekdays]),
  )
  const { rows: slots } = await sql<Slot>`with hour (zone, minute, weekdays) as (${rows})
    select slot.* from hour join slot on slot.digest_id = ${digestId} and slot.zone = hour.zone
      and slot.minute = hour.minute and slot.weekdays = hour.weekdays
    where slot.ended_at is null ${kindOf(db) === 'postgres' ? sql`for share of slot` : sql``}`.execute(db)
  return slots
}

/**
 * Opens an hour of a digest, or the one that there is: one that had ended comes again from now on. In the caller's
 * transaction, until the end of which nobody else ends it.
 */
export async function open(db: Db, digestId: number, hour: calendar.Hour, now: Instant): Promise<Slot> {
  const { zone, minute, weekdays } = hour
  const there = await db
    .selectFrom('slot')
    .selectAll()
    .where('digest_id', '=', digestId)
    .where('zone', '=', zone)
    .where('minute', '=', minute)
    .where('weekdays', '=', weekdays)
    .where('ended_at', 'is', null)
    .$if(kindOf(db) === 'postgres', (query) => query.forShare())
    .executeTakeFirst()
  if (there) return there
  const { on, at } = calendar.next(hour, now)
  return db
    .insertInto('slot')
    .values({ digest_id: digestId, zone, minute, weekdays, next_on: on, next_at: at, ended_at: null })
    .onConflict((conflict) =>
      conflict.columns(['digest_id', 'zone', 'minute', 'weekdays']).doUpdateSet((eb) => ({
        next_on: eb.case().when('slot.ended_at', 'is', null).then(eb.ref('slot.next_on')).else(on).end(),
        next_at: eb.case().when('slot.ended_at', 'is', null).then(eb.ref('slot.next_at')).else(at).end(),
        ended_at: null,
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Each digest's own slot, by the digest's id. */
export async function own(db: Db, digestIds: number[]): Promise<Map<number, Slot>> {
  if (digestIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('slot')
    .selectAll()
    .where(({ eb, selectFrom }) =>
      eb(
        'id',
        'in',
        selectFrom('slot')
          .select(({ fn }) => fn.min('id').as('id'))
          .where('digest_id', 'in', digestIds)
          .groupBy('digest_id'),
      ),
    )
    .execute()
  return new Map(rows.map((slot) => [slot.digest_id, slot]))
}

/** The slots whose hour has come. */
export async function due(db: Db, now: Instant): Promise<Place[]> {
  return places(
    db,
    await db
      .selectFrom('slot')
      .selectAll()
      .where('next_at', '<=', now)
      .where('ended_at', 'is', null)
      .orderBy('next_at')
      .orderBy('id')
      .execute(),
  )
}

/** All hours of a digest, its own first. */
export async function all(db: Db, digest: Digest): Promise<Place[]> {
  const rows = db.selectFrom('slot').selectAll().where('digest_id', '=', digest.id).where('ended_at', 'is', null)
  return places(db, await rows.orderBy('id').execute())
}

/** The place that a slot is, also of one that has ended. */
export async function of(db: Db, slotId: number): Promise<Place> {
  const [place] = await places(db, await db.selectFrom('slot').selectAll().where('id', '=', slotId).execute())
  if (!place) throw new Error('an edition without a slot')
  return place
}

async function places(db: Db, slots: Slot[]): Promise<Place[]> {
  const ids = [...new Set(slots.map((slot) => slot.digest_id))]
  const digests = await db.selectFrom('digest').selectAll().where('id', 'in', ids).execute()
  const byId = new Map(digests.map((digest) => [digest.id, digest]))
  const owned = await own(db, ids)
  return slots.map((slot) => ({
    slot,
    digest: byId.get(slot.digest_id)!,
    own: owned.get(slot.digest_id)!.id === slot.id,
  }))
}

/** The slot of a digest that has this hour, also one that has ended. */
export async function at(
  db: Db,
  digestId: number,
  { zone, minute, weekdays }: calendar.Hour,
): Promise<Slot | undefined> {
  return db
    .selectFrom('slot')
    .selectAll()
    .where('digest_id', '=', digestId)
    .where('zone', '=', zone)
    .where('minute', '=', minute)
    .where('weekdays', '=', weekdays)
    .executeTakeFirst()
}

/** Gives a slot another hour, which comes next then. */
export async function setHour(
  db: Db,
  id: number,
  { zone, minute, weekdays }: calendar.Hour,
  { on, at }: calendar.Occurrence,
): Promise<void> {
  await db.updateTable('slot').set({ zone, minute, weekdays, next_on: on, next_at: at }).where('id', '=', id).execute()
}

/** Moves a slot on to its first hour after now; nothing happens if somebody else already did. */
export async function advance(db: Db, slot: Slot, now: Instant): Promise<void> {
  const { on, at } = calendar.next(slot, now)
  await db
    .updateTable('slot')
    .set({ next_on: on, next_at: at })
    .where('id', '=', slot.id)
    .where('next_at', '=', slot.next_at)
    .execute()
}

/** Ends those of these slots that no reader is in any more; in the caller's transaction. A digest's own never ends. */
export async function endUnused(db: Db, slotIds: number[], now: Instant): Promise<void> {
  if (slotIds.length === 0) return
  // The rows' locks first: whoever is placed in one of them meanwhile is seen by the second statement.
  const rows = await db
    .updateTable('slot')
    .set((eb) => ({ next_at: eb.ref('next_at') }))
    .where('id', 'in', slotIds)
    .returning('digest_id')
    .execute()
  const kept = await own(db, [...new Set(rows.map((row) => row.digest_id))])
  await db
    .updateTable('slot')
    .set({ ended_at: now })
    .where('id', 'in', slotIds)
    .where(
      'id',
      'not in',
      [...kept.values()].map((slot) => slot.id),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('follow').select('follow.slot_id').whereRef('follow.slot_id', '=', 'slot.id'))),
    )
    .execute()
}

/** Ends a slot whatever readers are in it: those have left. A digest's own never ends. */
export async function end(db: Db, slot: Slot, now: Instant): Promise<void> {
  if ((await own(db, [slot.digest_id])).get(slot.digest_id)!.id === slot.id) return
  await db.updateTable('slot').set({ ended_at: now }).where('id', '=', slot.id).execute()
}

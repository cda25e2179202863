import { setImmediate } from 'node:timers/promises'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as follows from '../follows.ts'
import * as subscribers from '../subscribers/index.ts'
import * as calendar from './calendar.ts'
import * as slots from './slots.ts'

const CHUNK = 500 // readers in one transaction, whose statements take some milliseconds each

/**
 * Does as a reader wishes, in every digest of the list: the next letter comes at the new hour. A Problem for what is no
 * zone, hour, weekday or day.
 */
export async function prefer(app: App, actor: Actor, subscriptionId: number, wish: subscribers.Wish): Promise<void> {
  const now = instant(app.now())
  await app.db.transaction().execute((db) => preferIn(db, actor, subscriptionId, wish, now))
}

/** The same in the caller's transaction. */
async function preferIn(
  db: Db,
  actor: Actor,
  subscriptionId: number,
  wish: subscribers.Wish,
  now: Instant,
): Promise<void> {
  const home = await homeOf(db, subscriptionId)
  if (!(await subscribers.keepHour(db, actor, subscriptionId, wish, { home, now }))) return
  const reader = await db
    .selectFrom('subscription')
    .select(['id', 'list_id', 'zone', 'minute', 'weekdays'])
    .where('id', '=', subscriptionId)
    .executeTakeFirstOrThrow()
  await place(db, [reader], now)
}

/** Where a reader is who names no zone: where the list's first digest is, else the paper. */
export async function homeOf(db: Db, subscriptionId: number): Promise<string> {
  const { list_id } = await db
    .selectFrom('subscription')
    .select('list_id')
    .where('id', '=', subscriptionId)
    .executeTakeFirstOrThrow()
  return subscribers.homeOfList(db, list_id)
}

/** Finds the slots of all whose hour was changed by whomever: an import, a form, a digest that is new. */
export async function settle(app: App): Promise<void> {
  for (;;) {
    const n = await app.db.transaction().execute(async (db) => {
      const readers = await subscribers.nextUnplaced(db, CHUNK)
      await place(db, readers, instant(app.now()))
      return readers.length
    })
    if (n < CHUNK) return
    await setImmediate()
  }
}

/** Before a list gets a digest: its readers' hours are to be found there, too. */
export async function unsettle(db: Db, listId: number): Promise<void> {
  for (let after = 0; ; ) {
    const ids = await subscribers.withOwnHour(db, listId, after, CHUNK)
    await subscribers.unplace(db, ids)
    if (ids.length < CHUNK) return
    after = ids.at(-1)!
    await setImmediate()
  }
}

/** Ends a slot of which every reader has left; who comes back is placed anew. */
export async function endAbandoned(app: App, slot: slots.Slot): Promise<void> {
  await app.db.transaction().execute(async (db) => {
    const left = await follows.onlyLeft(db, slot.id)
    if (!left) return
    await subscribers.unplace(db, left)
    await slots.end(db, slot, instant(app.now()))
  })
}

async function place(db: Db, readers: subscribers.Unplaced[], now: Instant): Promise<void> {
  if (readers.length === 0) return
  const lists = [...new Set(readers.map((reader) => reader.list_id))]
  const digests = await db.selectFrom('digest').select(['id', 'list_id']).where('list_id', 'in', lists).execute()
  const own = await slots.own(
    db,
    digests.map(({ id }) => id),
  )
  const left = new Set<number>()
  for (const { id, list_id } of digests) {
    const here = readers.filter((reader) => reader.list_id === list_id)
    for (const slotId of await placeIn(db, here, own.get(id)!, now)) left.add(slotId)
  }
  await setImmediate() // the web server's turn
  await subscribers.notePlaced(db, readers)
  await slots.endUnused(db, [...left], now)
}

/** Moves readers into their slots of one digest. Answers the slots that some of them have left. */
async function placeIn(db: Db, readers: subscribers.Unplaced[], own: slots.Slot, now: Instant): Promise<Set<number>> {
  const standing = await follows.standing(
    db,
    own.digest_id,
    readers.map(({ id }) => id),
  )
  const open = await opener(db, own, readers, now)
  const left = new Set<number>()
  const moved: follows.Move[] = []
  for (const reader of readers) {
    const slot = await open(reader)
    const before = standing.get(reader.id)
    if (before ? before.slot_id === slot.id : slot.id === own.id) continue
    if (before) left.add(before.slot_id)
    const waited = calendar.spacing(before?.weekdays ?? own.weekdays)
    moved.push({
      subscription_id: reader.id,
      slot_id: slot.id,
      spacing: Math.max(before?.spacing ?? waited, waited, calendar.spacing(slot.weekdays)),
    })
  }
  await setImmediate()
  await follows.place(db, own.digest_id, moved)
  return left
}

/** Opens each hour once: those that are open already are looked up together. */
async function opener(
  db: Db,
  own: slots.Slot,
  readers: subscribers.Unplaced[],
  now: Instant,
): Promise<(reader: subscribers.Unplaced) => Promise<slots.Slot>> {
  const wanted = new Map(readers.map((reader) => [keyOf(hourIn(reader, own)), hourIn(reader, own)]))
  const open = await slots.opened(db, own.digest_id, [...wanted.values()])
  const known = new Map(open.map((slot) => [keyOf(slot), slot]))
  return async (reader) => {
    const hour = hourIn(reader, own)
    const slot = known.get(keyOf(hour)) ?? (await slots.open(db, own.digest_id, hour, now))
    known.set(keyOf(hour), slot)
    return slot
  }
}

/** An hour that is none (a zone that this machine does not know any more) is the digest's own. */
function hourIn(reader: subscribers.Unplaced, own: slots.Slot): calendar.Hour {
  const wanted = slots.hourOf(reader, own)
  return calendar.isHour(wanted) ? wanted : own
}

function keyOf({ zone, minute, weekdays }: calendar.Hour): string {
  return `${zone} ${minute} ${weekdays}`
}

import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import { type Instant, instant } from '../../db/instant.ts'
import { placedKey, unplaced } from '../../db/placed.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db, SubscriptionTable } from '../../db/schema.ts'
import { addressHash, email, masked } from '../address.ts'
import type { Actor } from '../app.ts'
import { record } from '../changes.ts'
import { zoneName } from '../locale.ts'
import { Problem } from '../problem.ts'
import { findList } from './lists.ts'

/**
 * When a reader wants letters: `zone` (IANA), `at` (`hh:mm`), `weekdays` (bits, 1 = Monday … 64 = Sunday, 127 = every day), and
 * `pausedUntil`, the first day (`yyyy-mm-dd`, in the reader's zone) on which letters come again. null is what the digest has
 * (no pause); what is absent stays as it is.
 */
export type Wish = {
  zone?: string | null
  at?: string | null
  weekdays?: number | null
  pausedUntil?: string | null
}

/** What a subscription says of its reader's hour. */
export type OwnHour = Pick<SubscriptionTable, 'zone' | 'minute' | 'weekdays' | 'paused_until'>

/** The bits of all weekdays. */
export const EVERY_DAY = 127

/** The minute of the day that `hh:mm` is, or a Problem. */
export function minuteOf(text: string): number {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim())
  if (!match) throw new Problem('bad-time', { value: text })
  return Number(match[1]) * 60 + Number(match[2])
}

/** A minute of the day as `hh:mm`. */
export function timeOf(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')
}

/**
 * The hour after a wish, checked, for whoever writes a subscription; a Problem for what is no zone, hour, weekday or day.
 * `home` is the zone of who names none.
 */
function wished(wish: Wish, before: OwnHour, home: string): OwnHour {
  const { at, weekdays } = wish
  const zone = wish.zone === undefined ? before.zone : wish.zone === null ? null : zoneName(wish.zone)
  if (weekdays != null && !(Number.isInteger(weekdays) && weekdays >= 1 && weekdays <= EVERY_DAY))
    throw new Problem('bad-number', { name: 'weekdays', least: 1, most: EVERY_DAY })
  return {
    zone,
    minute: at === undefined ? before.minute : at === null ? null : minuteOf(at),
    weekdays: weekdays === undefined ? before.weekdays : weekdays,
    paused_until: pause(wish.pausedUntil, before, zone ?? home, home),
  }
}

/** A pause ends when its day begins where the reader is; who moves keeps the day. */
function pause(until: string | null | undefined, before: OwnHour, zone: string, home: string): Instant | null {
  if (until === null) return null
  if (until !== undefined) return beginning(dayOf(until), zone)
  if (before.paused_until === null) return null
  const wanted = Temporal.Instant.fromEpochMilliseconds(before.paused_until).toZonedDateTimeISO(before.zone ?? home)
  return beginning(wanted.toPlainDate(), zone)
}

function beginning(day: Temporal.PlainDate, zone: string): Instant {
  return instant(day.toZonedDateTime(zone).toInstant())
}

function dayOf(text: string): Temporal.PlainDate {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text.trim()) && attempt(text.trim())
  if (!day || day.year < 1970 || day.year > 2100) throw new Problem('bad-day', { value: text })
  return day
}

function attempt(text: string): Temporal.PlainDate | undefined {
  try {
    return Temporal.PlainDate.from(text)
  } catch {
    return undefined
  }
}

/** The moment at which a pause until a day ends in a zone, or a Problem. */
export function pauseEnd(day: string, zone: string): Instant {
  return beginning(dayOf(day), zone)
}

/** The first day in a zone on which letters come again after a pause. */
export function pauseDay(until: Instant, zone: string): string {
  const day = Temporal.Instant.fromEpochMilliseconds(until).toZonedDateTimeISO(zone).toPlainDate()
  return (beginning(day, zone) < until ? day.add({ days: 1 }) : day).toString()
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** Weekdays as `mon,tue,…`; '' for the digest's. */
export function weekdayNames(weekdays: number | null): string {
  return weekdays === null ? '' : DAYS.filter((_, bit) => weekdays & (1 << bit)).join(',')
}

/** Reads such weekdays, or `daily`, as bits (1 is Monday's), or a Problem. */
export function weekdayBits(text: string): number {
  const words = text
    .toLowerCase()
    .split(/[,;\s]+/)
    .filter(Boolean)
  const unknown = words.find((word) => word !== 'daily' && !DAYS.includes(word))
  if (unknown !== undefined || words.length === 0) throw new Problem('bad-weekdays', { value: unknown ?? text })
  return words.reduce((bits, word) => bits | (word === 'daily' ? EVERY_DAY : 1 << DAYS.indexOf(word)), 0)
}

/** Where a list's readers are who name no zone: where its first digest is, else the paper. */
export async function homeOfList(db: Db, listId: number): Promise<string> {
  const slot = await db
    .selectFrom('slot')
    .innerJoin('digest', 'digest.id', 'slot.digest_id')
    .select('slot.zone')
    .where('digest.list_id', '=', listId)
    .orderBy('slot.id')
    .executeTakeFirst()
  return slot?.zone ?? (await db.selectFrom('site').select('zone').executeTakeFirstOrThrow()).zone
}

/** Writes down what a reader wishes, in the caller's transaction; false if it is what stood there. Slots come after: `digests.prefer` does both. */
export async function keepHour(
  db: Db,
  actor: Actor,
  subscriptionId: number,
  wish: Wish,
  of: { home: string; now: Instant },
): Promise<boolean> {
  const columns = ['zone', 'minute', 'weekdays', 'paused_until'] as const
  const before = await db
    .selectFrom('subscription')
    .select(columns)
    .where('id', '=', subscriptionId)
    .executeTakeFirstOrThrow()
  const after = wished(wish, before, of.home)
  if (columns.every((column) => before[column] === after[column])) return false
  await db.updateTable('subscription').set(after).where('id', '=', subscriptionId).execute()
  await record(db, actor, of.now, [
    { verb: 'subscription.hour', subject: `subscription:${subscriptionId}`, before, after },
  ])
  return true
}

/** The subscription of an address on a list, or a Problem. */
export async function findSubscription(db: Db, list: string, address: string): Promise<number> {
  const { id } = await findList(db, list)
  const row = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select('subscription.id')
    .where('subscription.list_id', '=', id)
    .where('subscriber.address_hash', '=', addressHash(email(address)))
    .executeTakeFirst()
  if (!row) throw new Problem('subscriber-not-found', { value: masked(address) })
  return row.id
}

/** A subscription whose slots are to be found. */
export type Unplaced = Pick<SubscriptionTable, 'list_id' | 'zone' | 'minute' | 'weekdays'> & { id: number }

/** The next subscriptions whose hour has changed since their slots were found. */
export async function nextUnplaced(db: Db, limit: number): Promise<Unplaced[]> {
  return db
    .selectFrom('subscription')
    .select(['id', 'list_id', 'zone', 'minute', 'weekdays'])
    .where(unplaced())
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Their slots are found. Whose hour changed meanwhile stays among the unplaced. */
export async function notePlaced(db: Db, placed: Unplaced[]): Promise<void> {
  if (placed.length === 0) return
  const rows = rowsOf(
    kindOf(db),
    ['whole', 'word'],
    placed.map((one) => [one.id, placedKey(one)]),
  )
  await sql`with row (id, placed) as (${rows})
    update subscription set placed = row.placed from row where subscription.id = row.id`.execute(db)
}

const LOST = '?' // no hour is spelled so

/** Their slots are to be found again, now or, for who has left, on coming back. */
export async function unplace(db: Db, ids: number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += 5000) {
    const some = ids.slice(start, start + 5000)
    await db.updateTable('subscription').set({ placed: LOST }).where('id', 'in', some).execute()
  }
}

/** The readers of a list with an hour of their own, from an id on. */
export async function withOwnHour(db: Db, listId: number, after: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('subscription')
    .select('id')
    .where('list_id', '=', listId)
    .where('id', '>', after)
    .where(({ or, eb }) =>
      or([eb('zone', 'is not', null), eb('minute', 'is not', null), eb('weekdays', 'is not', null)]),
    )
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

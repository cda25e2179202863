import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { duration } from '../duration.ts'
import { zoneName } from '../locale.ts'
import * as segments from '../segments/index.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import * as calendar from './calendar.ts'
import * as placing from './placing.ts'
import type { Draft } from './promise.ts'
import * as promise from './promise.ts'
import * as slots from './slots.ts'
import * as stage from './stage.ts'

/** What may be changed of a digest; what is undefined stays, `segment` null is the whole list. Its list and its short name stay for ever. */
export type Change = Partial<Omit<Draft, 'slug' | 'list' | 'segment'>> & { segment?: string | null }

const FEW = 5

/** Changes what is promised. Another hour is that of the next edition; readers with hours of their own keep what they said. */
export async function set(app: App, actor: Actor, slug: string, change: Change): Promise<slots.Place> {
  const now = instant(app.now())
  const hour = checkedHour(change)
  const { list_id } = (await promise.find(app.db, slug)).digest
  if (hour) await placing.unsettle(app.db, list_id)
  const changed = await app.db.transaction().execute(async (db) => {
    const { digest, slot } = await promise.find(db, slug)
    const values = await checked(db, digest, change)
    if (Object.keys(values).length > 0) await db.updateTable('digest').set(values).where('id', '=', digest.id).execute()
    const wanted = { zone: slot.zone, minute: slot.minute, weekdays: slot.weekdays, ...hour }
    const moved = isSame(slot, wanted) ? slot : await moveOwn(db, slot, wanted, now)
    await site.touch(db) // pages name it
    const before = noted(slot, digest, values)
    const after = noted(moved, { ...digest, ...values }, values)
    if (JSON.stringify(before) !== JSON.stringify(after))
      await changes.record(db, actor, now, [{ verb: 'digest.set', subject: `digest:${slug}`, before, after }])
    return { digest: { ...digest, ...values }, slot: moved, own: true }
  })
  if (hour) await placing.unsettle(app.db, list_id)
  return changed
}

/** The next runs of an hour from a moment on: the one it waits for first. */
export function runs(slot: slots.Slot, now: Instant, n = FEW): calendar.Occurrence[] {
  const all: calendar.Occurrence[] = [{ on: slot.next_on, at: slot.next_at }]
  while (all.length < n) all.push(calendar.next(slot, Math.max(all.at(-1)!.at, now) as Instant))
  return all
}

function checkedHour({ zone, at, weekdays }: Change): Partial<calendar.Hour> | undefined {
  if (zone === undefined && at === undefined && weekdays === undefined) return undefined
  return {
    ...(zone !== undefined && { zone: zoneName(zone) }),
    ...(at !== undefined && { minute: subscribers.minuteOf(at) }),
    ...(weekdays !== undefined && { weekdays: subscribers.weekdayBits(weekdays) }),
  }
}

type Values = Partial<Pick<promise.Digest, 'title' | 'channel_id' | 'segment_id' | 'max' | 'min' | 'max_age' | 'late'>>

async function checked(db: Db, digest: promise.Digest, change: Change): Promise<Values> {
  const { title, channel, segment, max, min, maxAge, late } = change
  const list = await db.selectFrom('list').selectAll().where('id', '=', digest.list_id).executeTakeFirstOrThrow()
  return {
    ...(title !== undefined && { title: channels.checkedTitle(title) }),
    ...(channel !== undefined && { channel_id: (await channels.find(db, channel)).id }),
    ...(segment !== undefined && {
      segment_id: segment === null ? null : (await segments.ofList(db, segment, list)).id,
    }),
    ...(max !== undefined && { max: promise.checkedSize('max', max) }),
    ...(min !== undefined && { min: promise.checkedSize('min', min) }),
    ...(maxAge !== undefined && { max_age: duration(maxAge) }),
    ...(late !== undefined && { late: duration(late) }),
  }
}

/** What the trail says: the hour, and of the rest what was given. */
function noted({ zone, minute, weekdays }: calendar.Hour, digest: promise.Digest, values: Values) {
  const given = Object.keys(values).map((key) => [key, digest[key as keyof Values]])
  return { zone, minute, weekdays, ...Object.fromEntries(given) }
}

function isSame(one: calendar.Hour, other: calendar.Hour): boolean {
  return one.zone === other.zone && one.minute === other.minute && one.weekdays === other.weekdays
}

/**
 * Gives the digest's own slot another hour. Where readers have that hour already, theirs gets the old one until they are placed
 * anew: no two slots of a digest have the same. A day that had its edition gets no second one.
 */
async function moveOwn(db: Db, slot: slots.Slot, wanted: calendar.Hour, now: Instant): Promise<slots.Slot> {
  const old = { zone: slot.zone, minute: slot.minute, weekdays: slot.weekdays }
  const taken = await slots.at(db, slot.digest_id, wanted)
  if (taken) await slots.setHour(db, taken.id, { ...old, minute: -taken.id }, calendar.next(old, now))
  const next = await nextFree(db, slot, wanted, now)
  await slots.setHour(db, slot.id, wanted, next)
  if (taken) await slots.setHour(db, taken.id, old, calendar.next(old, now))
  await stage.move(db, slot.digest_id, slot.next_on, next.on)
  return { ...slot, ...wanted, next_on: next.on, next_at: next.at }
}

async function nextFree(db: Db, slot: slots.Slot, hour: calendar.Hour, now: Instant): Promise<calendar.Occurrence> {
  const last = await db
    .selectFrom('edition')
    .select(({ fn }) => fn.max('day').as('day'))
    .where('digest_id', '=', slot.digest_id)
    .where('slot_id', '=', slot.id)
    .where('state', '!=', 'skipped')
    .executeTakeFirst()
  let next = calendar.next(hour, now)
  for (let tries = 0; last?.day && next.on <= last.day && tries < 10; tries++) next = calendar.next(hour, next.at)
  return next
}

import type { Selectable } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db, DigestTable, SlotTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { duration } from '../duration.ts'
import { zoneName } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as segments from '../segments/index.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import * as calendar from './calendar.ts'

/** The standing promise: which channel goes to which list, how much of it. */
export type Digest = Selectable<DigestTable>

/** An hour of a digest and when it comes next. */
export type Slot = Selectable<SlotTable>

export type Draft = {
  slug: string
  title?: string
  channel: string
  list: string
  segment?: string
  at: string
  zone?: string
  max?: number
  min?: number
  maxAge?: string
  late?: string
}

const EVERY_DAY = 127

/** Promises a digest from its next hour on. */
export async function add(app: App, actor: Actor, draft: Draft): Promise<{ digest: Digest; slot: Slot }> {
  const slug = channels.checkedSlug(draft.slug)
  const { max = 25, min = 1 } = draft
  if (!Number.isInteger(max) || max < 1 || max > 100)
    throw new Problem('bad-number', { name: 'max', least: 1, most: 100 })
  if (!Number.isInteger(min) || min < 1 || min > 100)
    throw new Problem('bad-number', { name: 'min', least: 1, most: 100 })
  const now = instant(app.now())
  const zone = zoneName(draft.zone ?? (await site.show(app, app.db)).zone)
  const hour = { zone, minute: minuteOf(draft.at), weekdays: EVERY_DAY }
  const first = calendar.next(hour, now)
  const ages = { max_age: duration(draft.maxAge ?? '48h'), late: duration(draft.late ?? '4h') }
  return app.db.transaction().execute(async (db) => {
    const channel = await channels.find(db, draft.channel)
    const list = await subscribers.findList(db, draft.list)
    const segment_id = draft.segment === undefined ? null : (await segments.ofList(db, draft.segment, list)).id
    const values = {
      slug,
      segment_id,
      title: draft.title === undefined ? list.title : channels.checkedTitle(draft.title),
      list_id: list.id,
      channel_id: channel.id,
      max,
      min,
      ...ages,
    }
    const digest = await db
      .insertInto('digest')
      .values({ ...values, created_at: now })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!digest) throw new Problem('slug-taken', { value: slug })
    const slot = await db
      .insertInto('slot')
      .values({ digest_id: digest.id, ...hour, next_on: first.on, next_at: first.at })
      .returningAll()
      .executeTakeFirstOrThrow()
    await changes.record(db, actor, now, [{ verb: 'digest.add', subject: `digest:${slug}`, after: draft }])
    return { digest, slot }
  })
}

/** The digest of this slug with its slot. */
export async function find(db: Db, slug: string): Promise<{ digest: Digest; slot: Slot }> {
  const digest = await db.selectFrom('digest').selectAll().where('slug', '=', slug).executeTakeFirst()
  if (!digest) throw new Problem('digest-not-found', { value: slug })
  const slot = await db
    .selectFrom('slot')
    .selectAll()
    .where('digest_id', '=', digest.id)
    .orderBy('id')
    .executeTakeFirstOrThrow()
  return { digest, slot }
}

/** The slots whose hour has come. */
export async function due(db: Db, now: Instant): Promise<{ digest: Digest; slot: Slot }[]> {
  const slots = await db.selectFrom('slot').selectAll().where('next_at', '<=', now).orderBy('next_at').execute()
  const digests = await db
    .selectFrom('digest')
    .selectAll()
    .where('id', 'in', [...new Set(slots.map((slot) => slot.digest_id))])
    .execute()
  return slots.map((slot) => ({ slot, digest: digests.find((digest) => digest.id === slot.digest_id)! }))
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

function minuteOf(text: string): number {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim())
  if (!match) throw new Problem('bad-time', { value: text })
  return Number(match[1]) * 60 + Number(match[2])
}

import type { Selectable } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db, DigestTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { duration } from '../duration.ts'
import { zoneName } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as segments from '../segments/index.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import type * as calendar from './calendar.ts'
import * as placing from './placing.ts'
import * as slots from './slots.ts'

/** The standing promise: which channel goes to which list, how much of it. */
export type Digest = Selectable<DigestTable>

export type Draft = {
  slug: string
  title?: string
  channel: string
  list: string
  segment?: string
  at: string
  zone?: string
  /** `mon,tue,…`; every day without. */
  weekdays?: string
  max?: number
  min?: number
  maxAge?: string
  late?: string
}

/** Promises a digest from its next hour on. */
export async function add(app: App, actor: Actor, draft: Draft): Promise<slots.Place> {
  const slug = channels.checkedSlug(draft.slug)
  const max = checkedSize('max', draft.max ?? 25)
  const min = checkedSize('min', draft.min ?? 1)
  const now = instant(app.now())
  const zone = zoneName(draft.zone ?? (await site.show(app, app.db)).zone)
  const hour = {
    zone,
    minute: subscribers.minuteOf(draft.at),
    weekdays: subscribers.weekdayBits(draft.weekdays ?? 'daily'),
  }
  const ages = { max_age: duration(draft.maxAge ?? '48h'), late: duration(draft.late ?? '4h') }
  await channels.find(app.db, draft.channel)
  // Before, should this process end in between; and after, as they may be settled while there is no digest yet.
  await placing.unsettle(app.db, (await subscribers.findList(app.db, draft.list)).id)
  const added = await insert(app, actor, { draft, slug, max, min, ages, hour, now })
  await placing.unsettle(app.db, added.digest.list_id)
  return added
}

/** How many stories, as typed, or a Problem. */
export function checkedSize(name: 'max' | 'min', n: number): number {
  if (!Number.isInteger(n) || n < 1 || n > 100) throw new Problem('bad-number', { name, least: 1, most: 100 })
  return n
}

type Checked = {
  draft: Draft
  slug: string
  max: number
  min: number
  ages: Pick<Digest, 'max_age' | 'late'>
  hour: calendar.Hour
  now: Instant
}

async function insert(
  app: App,
  actor: Actor,
  { draft, slug, max, min, ages, hour, now }: Checked,
): Promise<slots.Place> {
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
    const slot = await slots.open(db, digest.id, hour, now)
    await changes.record(db, actor, now, [{ verb: 'digest.add', subject: `digest:${slug}`, after: draft }])
    return { digest, slot, own: true }
  })
}

/** The digest of this slug with its own slot. */
export async function find(db: Db, slug: string): Promise<slots.Place> {
  const digest = await db.selectFrom('digest').selectAll().where('slug', '=', slug).executeTakeFirst()
  if (!digest) throw new Problem('digest-not-found', { value: slug })
  return { digest, slot: (await slots.own(db, [digest.id])).get(digest.id)!, own: true }
}

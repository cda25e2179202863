import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import { Problem } from '../problem.ts'
import type { Place } from './slots.ts'
import * as stories from './stories.ts'

/** Who left a story out, and when. */
export type LeftOut = { by: Actor; at: Instant }

/** What the newsroom chose for the editions of a day: the articles that stand first, in their order, and those left out. */
export type Choices = { day: string; first: number[]; out: Map<number, LeftOut> }

/** The same as it stands in the trail: articles by their public ids. */
type Noted = { day: string; first: string[]; out: string[] }

/** The edition whose choices are changed: a digest and a day of it. */
type Of = { digest: Place['digest']; day: string }

const MOST = 500 // stories that may be chosen for a day
const KEPT = 2 // days: wherever on earth, a day's last hour has passed by then

/**
 * What goes for an edition of a day. The choices are for every hour of it. Where the digest's own edition is made before its
 * time, they are those of the one that would have come next, since that is what comes.
 */
export async function choices(db: Db, { digest, slot, own }: Place, day: string): Promise<Choices> {
  if (!own || day >= slot.next_on) return chosenFor(db, digest.id, day)
  const next = await chosenFor(db, digest.id, slot.next_on)
  return isNone(next) ? chosenFor(db, digest.id, day) : next
}

async function chosenFor(db: Db, digestId: number, day: string): Promise<Choices> {
  const rows = await db
    .selectFrom('stage')
    .select(['article_id', 'position', 'excluded_at', 'excluded_by'])
    .where('digest_id', '=', digestId)
    .where('day', '=', day)
    .orderBy('position')
    .orderBy('article_id')
    .execute()
  return {
    day,
    first: rows.filter(({ position }) => position !== null).map(({ article_id }) => article_id),
    out: new Map(
      rows.flatMap(({ article_id, excluded_at: at, excluded_by: by }) =>
        at === null ? [] : [[article_id, { by: by ?? '', at }] as const],
      ),
    ),
  }
}

function isNone({ first, out }: Choices): boolean {
  return first.length === 0 && out.size === 0
}

/** The choices are for the edition of `day` from now on: it was made before its time. In the caller's transaction; older ones are forgotten. */
export async function settle(db: Db, digestId: number, chosen: Choices, day: string): Promise<void> {
  if (chosen.day !== day) {
    await db.deleteFrom('stage').where('digest_id', '=', digestId).where('day', '=', day).execute()
    await move(db, digestId, chosen.day, day)
  }
  const before = Temporal.PlainDate.from(day).subtract({ days: KEPT }).toString()
  await db.deleteFrom('stage').where('digest_id', '=', digestId).where('day', '<', before).execute()
}

/** The edition that was to come on a day comes on another one. */
export async function move(db: Db, digestId: number, from: string, to: string): Promise<void> {
  if (from !== to)
    await db.updateTable('stage').set({ day: to }).where('digest_id', '=', digestId).where('day', '=', from).execute()
}

/** A stamp of the choices: another one after any change. */
export function stamp({ day, first, out }: Choices): string {
  return JSON.stringify([day, first, [...out.keys()]])
}

/** These articles (public ids) stand first in the editions of a day, in this order; the others follow, newest first. Answers the moment of the change, if it is one. */
export async function arrange(app: App, actor: Actor, of: Of, first: string[]): Promise<string | undefined> {
  const wanted = [...new Set(first)]
  return change(app, actor, of, (before) => ({
    ...before,
    first: wanted.filter((id) => !before.out.includes(id)),
  }))
}

/** Leaves a story out of the editions of a day. */
export async function leaveOut(app: App, actor: Actor, of: Of, story: string): Promise<string | undefined> {
  return change(app, actor, of, ({ day, first, out }) => ({
    day,
    first: first.filter((id) => id !== story),
    out: [...new Set([...out, story])].sort(),
  }))
}

/** Puts back what was left out. */
export async function putBack(app: App, actor: Actor, of: Of, story: string): Promise<string | undefined> {
  return change(app, actor, of, (before) => ({ ...before, out: before.out.filter((id) => id !== story) }))
}

/** Takes a change of one's own back, by its moment; false when it has been changed since. */
export async function takeBack(app: App, actor: Actor, digest: Place['digest'], at: string): Promise<boolean> {
  if (!/^\d{1,15}$/.test(at)) return false
  const row = await app.db
    .selectFrom('change')
    .select(['before', 'after'])
    .where('subject', '=', `digest:${digest.slug}`)
    .where('verb', '=', 'digest.stage')
    .where('actor', '=', actor)
    .where('at', '=', Number(at) as Instant)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row?.before || !row.after) return false
  const [before, after] = [JSON.parse(row.before) as Noted, JSON.parse(row.after) as Noted]
  let same = false
  await change(app, actor, { digest, day: after.day }, (now) => {
    same = JSON.stringify(now) === JSON.stringify(after)
    return same ? before : now
  })
  return same
}

async function change(
  app: App,
  actor: Actor,
  { digest, day }: Of,
  to: (before: Noted) => Noted,
): Promise<string | undefined> {
  const now = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    await stories.lock(db, digest)
    if (!(await isToCome(db, digest.id, day))) throw new Problem('edition-gone', { day })
    const held = await chosenFor(db, digest.id, day)
    const before = await noted(db, held)
    const after = to(before)
    if (JSON.stringify(after) === JSON.stringify(before)) return undefined
    await write(db, digest.id, after, { held, actor, now })
    await changes.record(db, actor, now, [{ verb: 'digest.stage', subject: `digest:${digest.slug}`, before, after }])
    return String(now)
  })
}

/** Whether some hour of the digest has its edition of that day still before it. */
async function isToCome(db: Db, digestId: number, day: string): Promise<boolean> {
  const slot = await db
    .selectFrom('slot')
    .select('id')
    .where('digest_id', '=', digestId)
    .where('next_on', '<=', day)
    .where('ended_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('edition')
            .select('edition.id')
            .whereRef('edition.slot_id', '=', 'slot.id')
            .where('edition.digest_id', '=', digestId)
            .where('edition.day', '=', day)
            .where('edition.state', '!=', 'skipped'),
        ),
      ),
    )
    .limit(1)
    .executeTakeFirst()
  return slot !== undefined
}

async function noted(db: Db, { day, first, out }: Choices): Promise<Noted> {
  const rows = await db
    .selectFrom('article')
    .select(['id', 'public_id'])
    .where('id', 'in', [...first, ...out.keys()])
    .execute()
  const names = new Map(rows.map(({ id, public_id }) => [id, public_id]))
  const named = (ids: Iterable<number>) => [...ids].flatMap((id) => names.get(id) ?? [])
  return { day, first: named(first), out: named(out.keys()).sort() }
}

/** Writes the choices of a day anew; who left a story out before is still the one who did. */
async function write(
  db: Db,
  digest_id: number,
  { day, first, out }: Noted,
  { held, actor, now }: { held: Choices; actor: Actor; now: Instant },
): Promise<void> {
  if (first.length + out.length > MOST) throw new Problem('bad-number', { name: 'stories', least: 1, most: MOST })
  const rows = await db
    .selectFrom('article')
    .select(['id', 'public_id'])
    .where('public_id', 'in', [...first, ...out])
    .execute()
  const missing = [...first, ...out].find((id) => !rows.some(({ public_id }) => public_id === id))
  if (missing !== undefined) throw new Problem('article-not-found', { value: missing.slice(0, 20) })
  await db.deleteFrom('stage').where('digest_id', '=', digest_id).where('day', '=', day).execute()
  const values = rows.map(({ id, public_id }) => {
    const position = first.indexOf(public_id)
    const left = out.includes(public_id) ? (held.out.get(id) ?? { by: actor, at: now }) : undefined
    const place = { position: position < 0 ? null : position }
    return { digest_id, day, article_id: id, ...place, excluded_at: left?.at ?? null, excluded_by: left?.by ?? null }
  })
  if (values.length > 0) await db.insertInto('stage').values(values).execute()
}

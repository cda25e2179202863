import { setImmediate } from 'node:timers/promises'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import * as editions from '../editions.ts'
import * as follows from '../follows.ts'
import * as home from '../home.ts'
import { publicId } from '../ids.ts'
import * as links from '../links.ts'
import * as site from '../site.ts'
import * as calendar from './calendar.ts'
import * as placing from './placing.ts'
import * as promise from './promise.ts'
import * as readers from './readers.ts'
import * as render from './render.ts'
import { holdCarriers, releaseBraked, reviseHeld } from './revise.ts'
import * as slots from './slots.ts'
import * as stage from './stage.ts'
import * as stories from './stories.ts'

/** What `digest compose` prints of one slot's day. `edition` is its public id, `slot` the slot's inner id. */
export type Composed = {
  edition: string | null
  digest: string
  day: string
  slot: number
  state: 'composed' | 'exists' | 'skipped'
  reason?: Reason
  stories: number
  recipients: number
  url: string | null
}

/** Why there is no edition: no reader to write to, all of them served on this or a later day, nothing untold, less than the digest's least, or its hour long past. */
export type Reason = 'no-readers' | 'all-served' | 'no-news' | 'too-few' | 'missed'

type Edition = editions.Edition

/** One slot's day: `at` decides what is eligible. */
type Occasion = slots.Place & { day: string; at: Instant }

const CHUNK = 1000 // readers in one transaction, whose statements take some ten milliseconds each
const TRIES = 3

/**
 * Composes a digest's edition of the local day of `at` (default: now) in its own slot, whether or not its hour came. One that is
 * made before its hour is that day's: the next to come is another day's.
 */
export async function composeNow(app: App, actor: Actor, slug: string, at?: Temporal.Instant): Promise<Composed> {
  await home.refuseAway(app)
  await placing.settle(app)
  const { digest, slot, own } = await promise.find(app.db, slug)
  const moment = render.judgedAt(app, at)
  const day = calendar.localDay(slot, moment).toString()
  const composed = await compose(app, actor, { digest, slot, own, day, at: moment })
  if (composed.state !== 'skipped' && day === slot.next_on) await slots.advance(app.db, slot, slot.next_at)
  return composed
}

/** The same for all readers of the digest whose weekday it is, whichever hour they asked for: the own slot first. */
export async function composeDay(app: App, actor: Actor, slug: string, at?: Temporal.Instant): Promise<Composed[]> {
  const all = [await composeNow(app, actor, slug, at)]
  const { digest } = await promise.find(app.db, slug)
  const moment = render.judgedAt(app, at)
  for (const place of await slots.all(app.db, digest)) {
    const day = calendar.localDay(place.slot, moment)
    if (place.own || !calendar.falls(place.slot, day)) continue
    const composed = await compose(app, actor, { ...place, day: day.toString(), at: moment })
    if (composed.reason !== 'no-readers') all.push(composed)
  }
  return all
}

/**
 * Does what the clock asks for: ends what was begun, then composes every slot whose hour has come. Of several missed days
 * only the latest counts, and one missed by more than the digest's `late` is not made up: its stories go into the next.
 */
export async function composeDue(app: App, actor: Actor, at?: Temporal.Instant): Promise<Composed[]> {
  await home.refuseAway(app)
  await placing.settle(app)
  await finishBegun(app, actor)
  const now = render.judgedAt(app, at)
  const composed: Composed[] = []
  for (const place of await slots.due(app.db, now)) {
    const { digest, slot } = place
    await setImmediate() // many may be due at once: the web server has its turn between them
    try {
      const last = calendar.latest(slot, now)
      const occasion = { ...place, day: last.on, at: now }
      const missed = now - last.at > digest.late
      const done = missed ? await skip(app, actor, occasion, 'missed') : await compose(app, actor, occasion)
      await slots.advance(app.db, slot, now)
      if (done.reason === 'no-readers' && !place.own) await placing.endAbandoned(app, slot)
      else composed.push(done)
    } catch (error) {
      app.log.error('a digest cannot be composed; the others go on', { digest: digest.slug, error })
    }
  }
  return composed
}

/** Goes on with editions whose recipients were still being written when their process ended. */
export async function finishBegun(app: App, actor: Actor): Promise<void> {
  await home.refuseAway(app)
  const begun = await app.db.selectFrom('edition').selectAll().where('state', '=', 'composing').execute()
  for (const edition of begun) {
    try {
      await recruit(app, actor, edition)
    } catch (error) {
      app.log.error('the recipients of an edition cannot be written', { edition: edition.public_id, error })
    }
  }
  await reviseHeld(app, actor)
  await releaseBraked(app)
}

async function compose(app: App, actor: Actor, occasion: Occasion): Promise<Composed> {
  for (let tries = 1; ; tries++) {
    const existing = await editionOf(app.db, occasion)
    if (existing && existing.state !== 'skipped') {
      await recruit(app, actor, existing) // ends at once unless its recipients are still being written
      return report(app, occasion, existing, 'exists')
    }
    const plan = await planned(app.db, occasion)
    if ('reason' in plan) return skip(app, actor, occasion, plan.reason)
    const opened = await open(app, occasion, plan, existing?.public_id ?? publicId())
    if (opened === 'again' && tries < TRIES) continue // a story was withdrawn or revised, or others entered meanwhile
    if (opened === 'again')
      throw new Error(`the stories of ${occasion.digest.slug} keep changing while it is composed; run it again`)
    if (opened === 'exists') continue
    await recruit(app, actor, opened)
    await reviseHeld(app, actor)
    return report(app, occasion, opened, 'composed')
  }
}

type Part = Pick<editions.Part, 'from_seq' | 'language' | 'format' | 'sections'> & { stories: stories.Candidate[] }
type Plan = { chosen: stage.Choices; stock: stories.Stock; parts: Part[] }

/** The letters that a day needs, one for each group of readers with the same untold stories; or why there is none. */
async function planned(db: Db, occasion: Occasion): Promise<Plan | { reason: Reason }> {
  const { digest, day, at } = occasion
  const groups = [...(await readers.groups(db, occasion, day, at)), ...(await archived(db, occasion))]
  if (!occasion.own && !groups.some((group) => group.n > 0)) return nobody(db, occasion)
  const spacing = Math.max(calendar.spacing(occasion.slot.weekdays), ...groups.map((group) => group.spacing))
  const chosen = await stage.choices(db, occasion, day)
  const stock = await stories.stock(db, digest, {
    ...{ at, oldest: later(at, -stories.age(digest, spacing)), out: chosen.out },
  })
  const parts = new Map<string, Part>()
  let most = 0
  for (const group of groups) {
    const untold = stories.untold(stock.all, group, digest, at)
    if (group.n > 0) most = Math.max(most, untold.length)
    if (untold.length < digest.min) continue
    const part = partFor(group, untold)
    parts.set(editions.partName(part), part)
  }
  if (most >= digest.min) return { chosen, stock, parts: [...parts.values()].sort((a, b) => a.from_seq - b.from_seq) }
  if (!groups.some((group) => group.n > 0)) return nobody(db, occasion)
  return { reason: most === 0 ? 'no-news' : 'too-few' }
}

/** Where all readers have hours of their own, the digest's own hour still has its edition, for the archive and its feeds. */
async function archived(db: Db, occasion: Occasion): Promise<readers.Group[]> {
  if (!occasion.own || (await readers.anybody(db, occasion, occasion.at))) return []
  return readers.archive(db, occasion)
}

async function nobody(db: Db, occasion: Occasion): Promise<{ reason: Reason }> {
  return { reason: (await readers.anybody(db, occasion, occasion.at)) ? 'all-served' : 'no-readers' }
}

function partFor({ language, format }: readers.Wants, untold: stories.Candidate[]): Part {
  return { from_seq: stories.fromSeq(untold), language, format, sections: stories.choice(untold), stories: untold }
}

/** Renders the parts, then freezes them with the edition in one transaction, unless a story changed meanwhile. */
async function open(
  app: App,
  occasion: Occasion,
  { chosen, stock, parts }: Plan,
  public_id: string,
): Promise<Edition | 'exists' | 'again'> {
  const { digest, slot, day, at } = occasion
  const seen = await revisions(app.db, parts)
  const rendered: (Omit<Part, 'stories'> & render.Rendered)[] = []
  for (const part of parts) {
    const letter = { digest, day, ...part, first: chosen.first, ...(!occasion.own && { edition: public_id }) }
    rendered.push({ ...part, ...(await render.part(app, app.db, letter)) })
    await setImmediate()
  }
  const now = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    await stories.lock(db, digest)
    if (stage.stamp(await stage.choices(db, occasion, day)) !== stage.stamp(chosen)) return 'again'
    if ((await revisions(db, parts)) !== seen || !(await stories.enter(db, digest, stock))) return 'again'
    const to_seq = stock.all.at(-1)!.seq // not what entered besides: it was not to be told at this moment
    const largest = rendered[0]!
    const edition = await editions.open(db, {
      public_id,
      digest_id: digest.id,
      day,
      slot_id: slot.id,
      subject: largest.subject,
      stories: largest.articles.length,
      to_seq,
      due_at: now,
      composed_at: now,
      judged_at: at,
      left_out: chosen.out.size > 0 ? JSON.stringify([...chosen.out.keys()]) : null,
    })
    if (!edition) return 'exists'
    await stage.settle(db, digest.id, chosen, day)
    for (const part of rendered) await editions.addPart(db, edition, part)
    await deliveries.supersede(db, edition)
    return edition
  })
}

/** A stamp of the articles in these parts: another one after a revision or a withdrawal. */
async function revisions(db: Db, parts: Part[]): Promise<string> {
  const ids = [...new Set(parts.flatMap((part) => part.stories.map((story) => story.article_id)))]
  const rows = await db
    .selectFrom('article')
    .select(['id', 'fingerprint', 'published_at', 'withdrawn_at'])
    .where('id', 'in', ids)
    .orderBy('id')
    .execute()
  return JSON.stringify(rows)
}

/** Writes the recipients in chunks, each with the place where the next begins, then freezes the edition. */
async function recruit(app: App, actor: Actor, edition: Edition): Promise<void> {
  const place = await slots.of(app.db, edition.slot_id)
  let going = true
  while (going) {
    going = await app.db.transaction().execute((db) => recruitChunk(db, app, actor, place, edition.id))
    await setImmediate()
  }
  deliveries.wake(app)
}

async function recruitChunk(db: Db, app: App, actor: Actor, place: slots.Place, editionId: number): Promise<boolean> {
  const edition = await editions.lockComposing(db, editionId)
  if (!edition) return false // somebody else has frozen it
  const at = edition.judged_at ?? edition.composed_at
  const chunk = await readers.after(db, place, edition.day, at, edition.cursor, CHUNK)
  const now = instant(app.now())
  if (chunk.length > 0) {
    await setImmediate() // the web server's turn, as after each of these statements
    const found = await lettersFor(db, place.digest, edition, chunk)
    await setImmediate()
    const told = await follows.tell(
      db,
      {
        ...{ digest_id: place.digest.id, slot_id: place.slot.id },
        ...{ told_seq: edition.to_seq, last_on: edition.day },
      },
      found,
    )
    const recipients = found
      .filter((reader) => told.has(reader.subscription_id))
      .map((reader) => ({ ...reader, told_before: reader.told ?? 0 }))
    await setImmediate()
    await deliveries.queue(db, edition, recipients, edition.due_at)
    await setImmediate()
    await editions.moveCursor(db, edition.id, chunk.at(-1)!.subscription_id)
  }
  if (chunk.length === CHUNK) return true
  await editions.freeze(db, edition.id, now)
  await site.touch(db) // a withdrawal does so too: whichever comes second sees the other
  await holdCarriers(db, now)
  await changes.record(db, actor, now, [
    {
      verb: 'digest.compose',
      subject: `edition:${edition.public_id}`,
      after: { day: edition.day, stories: edition.stories },
    },
  ])
  return false
}

/** Each reader's part. There is none for who came or moved between the plan and now: that reader's turn is the next time. */
async function lettersFor(
  db: Db,
  digest: promise.Digest,
  edition: Edition,
  chunk: readers.Reader[],
): Promise<(readers.Reader & { part_id: number })[]> {
  const at = edition.judged_at ?? edition.composed_at
  const parts = await editions.parts(db, edition)
  const oldest = later(at, -stories.age(digest, Math.max(...chunk.map((reader) => reader.spacing))))
  const partIds = [...parts.values()].map((part) => part.id)
  const candidates = await stories.ofEdition(db, digest, edition, { at, oldest, partIds })
  const known = new Map<string, number | undefined>()
  return chunk.flatMap((reader) => {
    const { told, spacing, language, format, sections } = reader
    const wants = JSON.stringify([told, spacing, language, format, sections])
    if (!known.has(wants)) {
      const untold = stories.untold(candidates, reader, digest, at)
      known.set(wants, untold.length > 0 ? parts.get(editions.partName(partFor(reader, untold)))?.id : undefined)
    }
    const part_id = known.get(wants)
    return part_id === undefined ? [] : [{ ...reader, part_id }]
  })
}

async function skip(app: App, actor: Actor, occasion: Occasion, reason: Reason): Promise<Composed> {
  const { digest, slot, day, own } = occasion
  const none = { digest: digest.slug, day, slot: slot.id, stories: 0, recipients: 0, url: null }
  if (reason === 'no-readers' && !own) return { ...none, edition: null, state: 'skipped', reason } // nobody missed it
  const now = instant(app.now())
  const edition = await app.db.transaction().execute(async (db) => {
    const skipped = await editions.skip(db, {
      public_id: publicId(),
      digest_id: digest.id,
      day,
      slot_id: slot.id,
      reason,
      now,
    })
    if (skipped)
      await changes.record(db, actor, now, [
        { verb: 'digest.skip', subject: `edition:${skipped.public_id}`, after: { day, reason } },
      ])
    return skipped
  })
  if (!edition) return report(app, occasion, (await editionOf(app.db, occasion))!, 'exists')
  return { ...none, edition: edition.public_id, state: 'skipped', reason }
}

async function editionOf(db: Db, { digest, slot, day }: Occasion): Promise<Edition | undefined> {
  return db
    .selectFrom('edition')
    .selectAll()
    .where('digest_id', '=', digest.id)
    .where('day', '=', day)
    .where('slot_id', '=', slot.id)
    .executeTakeFirst()
}

async function report(
  app: App,
  { digest, slot, day, own }: Occasion,
  edition: Edition,
  state: 'composed' | 'exists',
): Promise<Composed> {
  return {
    edition: edition.public_id,
    digest: digest.slug,
    day,
    slot: slot.id,
    state,
    stories: edition.stories,
    recipients: await deliveries.recipients(app.db, edition.id),
    url: links.edition(app.config.url, digest.slug, day, own ? undefined : edition.public_id),
  }
}

import { type Instant, instant } from '../../db/instant.ts'
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
import * as promise from './promise.ts'
import * as readers from './readers.ts'
import * as render from './render.ts'
import { holdCarriers, releaseBraked, reviseHeld } from './revise.ts'
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
type Occasion = { digest: promise.Digest; slot: promise.Slot; day: string; at: Instant }

const CHUNK = 1000 // readers in one transaction: well under 50 ms on either database
const TRIES = 3

/** Composes a digest's edition of the local day of `at` (default: now), whether or not its hour came. */
export async function composeNow(app: App, actor: Actor, slug: string, at?: Temporal.Instant): Promise<Composed> {
  await home.refuseAway(app)
  const { digest, slot } = await promise.find(app.db, slug)
  const moment = render.judgedAt(app, at)
  return compose(app, actor, { digest, slot, day: calendar.localDay(slot, moment).toString(), at: moment })
}

/**
 * Does what the clock asks for: ends what was begun, then composes every slot whose hour has come. Of several missed days
 * only the latest counts, and one missed by more than the digest's `late` is not made up: its stories go into the next.
 */
export async function composeDue(app: App, actor: Actor, at?: Temporal.Instant): Promise<Composed[]> {
  await home.refuseAway(app)
  await finishBegun(app, actor)
  const now = render.judgedAt(app, at)
  const composed: Composed[] = []
  for (const { digest, slot } of await promise.due(app.db, now)) {
    try {
      const last = calendar.latest(slot, now)
      const occasion = { digest, slot, day: last.on, at: now }
      const missed = now - last.at > digest.late
      composed.push(missed ? await skip(app, actor, occasion, 'missed') : await compose(app, actor, occasion))
      await promise.advance(app.db, slot, now)
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
    const opened = await open(app, occasion, plan)
    if (opened === 'again' && tries < TRIES) continue // a story was withdrawn or revised, or others entered meanwhile
    if (opened === 'again')
      throw new Error(`the stories of ${occasion.digest.slug} keep changing while it is composed; run it again`)
    if (opened === 'exists') continue
    await recruit(app, actor, opened)
    await reviseHeld(app, actor)
    return report(app, occasion, opened, 'composed')
  }
}

type Part = { from_seq: number; language: string; format: string; stories: stories.Candidate[] }
type Plan = { stock: stories.Stock; parts: Part[] }

/** The letters that a day needs, one for each group of readers with the same untold stories; or why there is none. */
async function planned(db: Db, { digest, slot, day, at }: Occasion): Promise<Plan | { reason: Reason }> {
  const stock = await stories.stock(db, digest, at)
  const groups = await readers.groups(db, digest, slot, day, at)
  const parts = new Map<string, Part>()
  let most = 0
  for (const { told, language, format, n } of groups) {
    const untold = stories.untold(stock.all, told)
    if (n > 0) most = Math.max(most, untold.length)
    if (untold.length < digest.min) continue
    const from_seq = stories.fromSeq(untold)
    parts.set(`${from_seq} ${language} ${format}`, { from_seq, language, format, stories: untold })
  }
  if (most >= digest.min) return { stock, parts: [...parts.values()].sort((a, b) => a.from_seq - b.from_seq) }
  if (!groups.some((group) => group.n > 0))
    return { reason: (await readers.anybody(db, digest, at)) ? 'all-served' : 'no-readers' }
  return { reason: most === 0 ? 'no-news' : 'too-few' }
}

/** Renders the parts, then freezes them with the edition in one transaction, unless a story changed meanwhile. */
async function open(app: App, occasion: Occasion, { stock, parts }: Plan): Promise<Edition | 'exists' | 'again'> {
  const { digest, slot, day } = occasion
  const seen = await revisions(app.db, parts)
  const rendered: (Omit<Part, 'stories'> & render.Rendered)[] = []
  for (const part of parts) {
    rendered.push({
      ...part,
      ...(await render.part(app, app.db, digest, day, part.language, part.format, part.stories)),
    })
  }
  const now = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    if ((await revisions(db, parts)) !== seen || !(await stories.enter(db, digest, stock))) return 'again'
    const to_seq = stock.all.at(-1)!.seq // not what entered besides: it was not to be told at this moment
    const largest = rendered[0]!
    const edition = await editions.open(db, {
      public_id: publicId(),
      digest_id: digest.id,
      day,
      slot_id: slot.id,
      subject: largest.subject,
      stories: largest.articles.length,
      to_seq,
      due_at: now,
      composed_at: now,
    })
    if (!edition) return 'exists'
    for (const part of rendered) await editions.addPart(db, edition, part)
    await deliveries.supersede(db, digest.id, edition.id)
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
  const digest = await app.db
    .selectFrom('digest')
    .selectAll()
    .where('id', '=', edition.digest_id)
    .executeTakeFirstOrThrow()
  const slot = await app.db.selectFrom('slot').selectAll().where('id', '=', edition.slot_id).executeTakeFirstOrThrow()
  let going = true
  while (going) {
    going = await app.db.transaction().execute((db) => recruitChunk(db, app, actor, { digest, slot, edition }))
  }
  deliveries.wake(app)
}

async function recruitChunk(
  db: Db,
  app: App,
  actor: Actor,
  of: { digest: promise.Digest; slot: promise.Slot; edition: Edition },
): Promise<boolean> {
  const { digest, slot } = of
  const edition = await editions.lockComposing(db, of.edition.id)
  if (!edition) return false // somebody else has frozen it
  const chunk = await readers.after(db, digest, slot, edition.day, edition.composed_at, edition.cursor, CHUNK)
  const now = instant(app.now())
  if (chunk.length > 0) {
    const parts = await editions.parts(db, edition)
    const candidates = await partStories(db, digest, parts)
    const recipients = chunk.flatMap((reader) => {
      const untold = stories.untold(candidates, reader.told)[0]
      const part = untold && parts.get(`${untold.seq - 1} ${reader.language} ${reader.format}`)
      return part ? [{ ...reader, part_id: part.id, told_before: reader.told }] : []
    })
    await follows.tell(
      db,
      { digest_id: digest.id, slot_id: slot.id, told_seq: edition.to_seq, last_on: edition.day },
      recipients.map((one) => one.subscription_id),
    )
    await deliveries.queue(db, edition, recipients, edition.due_at)
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

/** The stories that the parts are about, as the order in which a reader's untold begin. */
async function partStories(
  db: Db,
  digest: promise.Digest,
  parts: Map<string, editions.PartKey>,
): Promise<stories.Candidate[]> {
  const ids = [...parts.values()].map((part) => part.id)
  return db
    .selectFrom('part_article')
    .innerJoin('story', (join) =>
      join.onRef('story.article_id', '=', 'part_article.article_id').on('story.digest_id', '=', digest.id),
    )
    .innerJoin('article', 'article.id', 'part_article.article_id')
    .select(['story.seq', 'story.article_id', 'article.published_at'])
    .distinct()
    .where('part_article.part_id', 'in', ids)
    .orderBy('story.seq')
    .execute()
}

async function skip(app: App, actor: Actor, occasion: Occasion, reason: Reason): Promise<Composed> {
  const { digest, slot, day } = occasion
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
  return {
    edition: edition.public_id,
    digest: digest.slug,
    day,
    slot: slot.id,
    state: 'skipped',
    reason,
    stories: 0,
    recipients: 0,
    url: null,
  }
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
  { digest, slot, day }: Occasion,
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
    url: links.edition(app.config.url, digest.slug, day),
  }
}

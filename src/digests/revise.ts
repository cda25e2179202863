import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as changes from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import * as editions from '../editions.ts'
import * as letters from '../letters/index.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import * as render from './render.ts'
import * as slots from './slots.ts'
import type { Candidate } from './stories.ts'

const PAUSED = 'paused'
const BRAKE = 600_000 // ms that a large list's first edition waits for what comes back

/**
 * Withdraws a story everywhere at once: its address answers 410, feeds leave it out, and editions that carry it stop before
 * their next letter; a revision without it then goes to everyone who has not been written to.
 */
export async function withdraw(app: App, actor: Actor, guid: string, reason: string): Promise<articles.Article> {
  const article = await app.db.transaction().execute((db) => withdrawIn(app, db, actor, guid, reason))
  await reviseHeld(app, actor)
  return article
}

/** The same in the caller's transaction, after which `reviseHeld` is to be called. */
export async function withdrawIn(
  app: App,
  db: Db,
  actor: Actor,
  guid: string,
  reason: string,
): Promise<articles.Article> {
  const now = instant(app.now())
  const { article } = await articles.withdraw(db, actor, guid, reason, now)
  await db
    .updateTable('story')
    .set({ excluded_at: now })
    .where('article_id', '=', article.id)
    .where('excluded_at', 'is', null)
    .execute()
  await holdCarriers(db, now)
  await rename(app, db, article.id)
  return article
}

/** Takes the withdrawal of the article of this guid or public id back; answers it, and whether this call gave it back. */
export async function restore(
  app: App,
  actor: Actor,
  guid: string,
): Promise<{ article: articles.Article; fresh: boolean }> {
  const restored = await app.db.transaction().execute(async (db) => {
    const article = await articles.called(db, guid)
    await restoreIn(app, db, actor, article)
    return { article, fresh: article.withdrawn_at !== null }
  })
  await reviseHeld(app, actor)
  return restored
}

/**
 * Takes a withdrawal back, in the caller's transaction: whoever has not been told the story may be told it again. Letters
 * that were revised without it stay as they are.
 */
export async function restoreIn(app: App, db: Db, actor: Actor, article: articles.Article): Promise<void> {
  await articles.restore(db, actor, article, instant(app.now()))
  await db.updateTable('story').set({ excluded_at: null }).where('article_id', '=', article.id).execute()
  await rename(app, db, article.id)
}

/** Stops an edition before its next letter, until somebody lets it go on. */
export async function pause(app: App, actor: Actor, publicId: string): Promise<void> {
  const now = instant(app.now())
  await app.db.transaction().execute(async (db) => {
    const edition = await editions.find(db, publicId)
    if (!(await editions.hold(db, edition.id, PAUSED, now)))
      throw new Problem('edition-not-pausable', { state: edition.state })
    await changes.record(db, actor, now, [{ verb: 'edition.pause', subject: `edition:${publicId}` }])
  })
}

/** Lets an edition go on that was paused, or stopped itself; one that carries a story withdrawn meanwhile is revised first. Answers its state then. */
export async function resume(app: App, actor: Actor, publicId: string): Promise<string> {
  const now = instant(app.now())
  await app.db.transaction().execute(async (db) => {
    const edition = await editions.find(db, publicId)
    const liftable = [PAUSED, editions.FIRST, editions.REFUSALS, editions.COMPLAINTS]
    const lifted = liftable.find((reason) => reason === edition.reason)
    if (!lifted || !(await goOn(db, edition.id, lifted, now)))
      throw new Problem('edition-not-paused', { state: edition.state })
    await changes.record(db, actor, now, [{ verb: 'edition.resume', subject: `edition:${publicId}` }])
  })
  await reviseHeld(app, actor, publicId)
  deliveries.wake(app)
  return (await editions.find(app.db, publicId)).state
}

async function goOn(db: Db, id: number, reason: string, now: Instant): Promise<boolean> {
  if (!(await editions.resume(db, id, reason))) return false
  await site.touch(db) // a withdrawal does so too: whichever comes second sees the other
  await holdCarriers(db, now)
  return true
}

/** Lets the first editions go on that have waited long enough for what comes back, unless too much did. */
export async function releaseBraked(app: App): Promise<void> {
  const now = instant(app.now())
  const braked = await app.db
    .selectFrom('edition')
    .select(['id', 'public_id'])
    .where('state', '=', 'held')
    .where('reason', '=', editions.FIRST)
    .where('held_at', '<=', later(now, -BRAKE))
    .execute()
  for (const { id, public_id } of braked) {
    await app.db.transaction().execute(async (db) => {
      if (!(await goOn(db, id, editions.FIRST, now))) return
      if (!(await deliveries.refused(db, id))) return
      await editions.hold(db, id, editions.REFUSALS, now)
      app.log.error('a first edition stays held: too many of its letters were refused', { edition: public_id })
    })
    await reviseHeld(app, 'job')
    deliveries.wake(app)
  }
}

/** Holds every edition being sent whose present letters carry a withdrawn story; in the caller's transaction. */
export async function holdCarriers(db: Db, now: Instant): Promise<void> {
  const carriers = await db
    .selectFrom('edition')
    .innerJoin('part', (join) =>
      join.onRef('part.edition_id', '=', 'edition.id').onRef('part.revision', '=', 'edition.revision'),
    )
    .innerJoin('part_article', 'part_article.part_id', 'part.id')
    .innerJoin('article', 'article.id', 'part_article.article_id')
    .select('edition.id')
    .distinct()
    .where('edition.state', '=', 'frozen')
    .where('article.withdrawn_at', 'is not', null)
    .execute()
  for (const { id } of carriers) await editions.hold(db, id, editions.WITHDRAWN, now)
}

/** An edition is called after its first story that has not been withdrawn, wherever it is shown from now on. */
async function rename(app: App, db: Db, articleId: number): Promise<void> {
  const carriers = await db
    .selectFrom('edition')
    .innerJoin('part', 'part.edition_id', 'edition.id')
    .innerJoin('part_article', 'part_article.part_id', 'part.id')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .innerJoin('list', 'list.id', 'digest.list_id')
    .select(['edition.id', 'edition.day', 'digest.title', 'list.language'])
    .distinct()
    .where('part_article.article_id', '=', articleId)
    .where('edition.state', '!=', 'skipped')
    .execute()
  const paper = await site.show(app, db)
  for (const { id, day, title, language } of carriers) {
    const lead = await db
      .selectFrom('part_article')
      .innerJoin('part', 'part.id', 'part_article.part_id')
      .innerJoin('article', 'article.id', 'part_article.article_id')
      .select(['article.title', 'article.language'])
      .where('part.edition_id', '=', id)
      .where('part.revision', '=', 1)
      .where('article.withdrawn_at', 'is', null)
      .orderBy('part.from_seq')
      .orderBy('part.id')
      .orderBy('position')
      .executeTakeFirst()
    const subject = letters.subjectOf(lead ?? { title, language }, {
      language,
      day: Temporal.PlainDate.from(day),
      paper,
    })
    await editions.rename(db, id, subject)
  }
}

/**
 * Renders what was held for a withdrawn story without it, and lets it go on: every edition, or the one that is named. Safe to run
 * twice, or after a crash.
 */
export async function reviseHeld(app: App, actor: Actor, publicId?: string): Promise<void> {
  const held = await app.db
    .selectFrom('edition')
    .selectAll()
    .where('state', '=', 'held')
    .where('reason', '=', editions.WITHDRAWN)
    .$if(publicId !== undefined, (one) => one.where('public_id', '=', publicId!))
    .execute()
  for (const edition of held) {
    try {
      await revise(app, actor, edition)
    } catch (error) {
      app.log.error('an edition cannot be revised and stays held', { edition: edition.public_id, error })
    }
  }
}

async function revise(app: App, actor: Actor, edition: editions.Edition): Promise<void> {
  const digest = await app.db
    .selectFrom('digest')
    .selectAll()
    .where('id', '=', edition.digest_id)
    .executeTakeFirstOrThrow()
  const own = await slots.own(app.db, [digest.id])
  const renewed: { part: editions.PartKey; letter: render.Rendered | undefined }[] = []
  for (const part of (await editions.parts(app.db, edition)).values()) {
    const left = await remaining(app.db, edition.digest_id, part.id)
    renewed.push({
      part,
      letter:
        left.length > 0
          ? await render.part(app, app.db, {
              ...{ digest, day: edition.day, language: part.language, format: part.format, stories: left },
              first: left.map(({ article_id }) => article_id), // in the order that was frozen
              ...(own.get(digest.id)!.id !== edition.slot_id && { edition: edition.public_id }),
            })
          : undefined,
    })
  }
  await app.db.transaction().execute(async (db) => {
    const revised = await editions.revise(db, edition)
    if (!revised) return // somebody else was faster
    const moves = new Map<number, number | null>()
    for (const { part, letter } of renewed) {
      moves.set(part.id, letter ? await editions.addPart(db, revised, { ...part, ...letter }) : null)
    }
    await deliveries.reassign(db, edition.id, moves)
    await changes.record(db, actor, instant(app.now()), [
      {
        verb: 'edition.revise',
        subject: `edition:${edition.public_id}`,
        before: { revision: edition.revision },
        after: { revision: revised.revision },
      },
    ])
    await editions.resume(db, edition.id, editions.WITHDRAWN)
    await site.touch(db)
    await holdCarriers(db, instant(app.now())) // another story was withdrawn while this was rendered
  })
  deliveries.wake(app)
}

/** The stories of a part that have not been withdrawn, as it has them. */
async function remaining(db: Db, digestId: number, partId: number): Promise<Candidate[]> {
  return db
    .selectFrom('part_article')
    .innerJoin('article', 'article.id', 'part_article.article_id')
    .innerJoin('story', (join) =>
      join.onRef('story.article_id', '=', 'article.id').on('story.digest_id', '=', digestId),
    )
    .select(['story.seq', 'story.article_id', 'article.published_at', 'article.section_key'])
    .where('part_article.part_id', '=', partId)
    .where('article.withdrawn_at', 'is', null)
    .orderBy('part_article.position')
    .execute()
}

import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor } from '../app.ts'
import * as changes from '../changes.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'

/** The story that leads the front page, and until when. */
export type Pin = { article_id: number; public_id: string; title: string; until_at: Instant }

/** What a pin stood in the place of: the public id of that story, and until when it was to lead. */
export type Displaced = { article: string; until_at: Instant }

/** Has this story lead the front page until then, in place of any other; in the caller's transaction. */
export async function pin(db: Db, actor: Actor, publicId: string, until: Instant, at: Instant): Promise<void> {
  const article = await db
    .selectFrom('article')
    .select(['id', 'withdrawn_at'])
    .where('public_id', '=', publicId)
    .executeTakeFirst()
  if (!article) throw new Problem('article-not-found', { value: publicId })
  if (article.withdrawn_at !== null) throw new Problem('article-withdrawn')
  if (until <= at) throw new Problem('pin-over')
  const known = await pinned(db, at)
  const before: Displaced | undefined = known && { article: known.public_id, until_at: known.until_at }
  await db.deleteFrom('lead_pin').execute()
  await db.insertInto('lead_pin').values({ article_id: article.id, until_at: until, pinned_at: at }).execute()
  await site.touch(db)
  await changes.record(db, actor, at, [
    { verb: 'article.pin', subject: `article:${publicId}`, before, after: { until_at: until } },
  ])
}

/** Has the front page choose its lead itself again; in the caller's transaction. Nothing happens where none is pinned. */
export async function unpin(db: Db, actor: Actor, at: Instant): Promise<void> {
  const known = await pinned(db, at)
  await db.deleteFrom('lead_pin').execute()
  if (!known) return
  await site.touch(db)
  await changes.record(db, actor, at, [
    { verb: 'article.unpin', subject: `article:${known.public_id}`, before: { until_at: known.until_at } },
  ])
}

/** The pin that counts now, if there is one: of a story that has not been withdrawn. */
export async function pinned(db: Db, now: Instant): Promise<Pin | undefined> {
  return db
    .selectFrom('lead_pin')
    .innerJoin('article', 'article.id', 'article_id')
    .select(['article_id', 'public_id', 'title', 'until_at'])
    .where('until_at', '>', now)
    .where('withdrawn_at', 'is', null)
    .executeTakeFirst()
}

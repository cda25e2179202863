import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Article } from './story.ts'

/** As much of an article as a list of addresses for machines needs. */
export type Listed = Pick<Article, 'id' | 'public_id' | 'title' | 'language' | 'published_at' | 'updated_at'>

/** What readers may see with an id above `after` and not above `upTo`, in the order of the ids. */
export async function listed(
  db: Db,
  { after, upTo, now, limit }: { after: number; upTo: number; now: Instant; limit: number },
): Promise<Listed[]> {
  return seen(db, now).where('id', '>', after).where('id', '<=', upTo).orderBy('id').limit(limit).execute()
}

/** What readers may see that was published since then, newest first. */
export async function latestSince(db: Db, since: Instant, now: Instant, limit: number): Promise<Listed[]> {
  return seen(db, now)
    .where('published_at', '>=', since)
    .orderBy('published_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** The largest id there is; 0 without articles. */
export async function newestId(db: Db): Promise<number> {
  const row = await db
    .selectFrom('article')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

function seen(db: Db, now: Instant) {
  return db
    .selectFrom('article')
    .select(['id', 'public_id', 'title', 'language', 'published_at', 'updated_at'])
    .where('withdrawn_at', 'is', null)
    .where('published_at', '<=', now)
}

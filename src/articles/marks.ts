import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { type Filter, passing } from '../channels.ts'
import type { Article } from './story.ts'

/** What tells one state of an article from another, without its text. */
export type Mark = Pick<Article, (typeof MARKS)[number]>

const MARKS = ['id', 'fingerprint', 'image_id', 'pictured_at', 'language', 'created_at', 'published_at', 'revised_at', 'withdrawn_at'] as const // biome-ignore format: one list

/** The marks of the articles that `latest` would answer for this filter, in its order. */
export async function marks(db: Db, filter: Filter, now: Instant, limit: number): Promise<Mark[]> {
  return db
    .selectFrom('article')
    .select(MARKS.map((name) => `article.${name}` as const))
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '<=', now)
    .where(passing(filter))
    .orderBy('article.published_at', 'desc')
    .orderBy('article.id', 'desc')
    .limit(limit)
    .execute()
}

/** The same of articles in hand. */
export function markOf(article: Mark): Mark {
  return Object.fromEntries(MARKS.map((name) => [name, article[name]])) as Mark
}

import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type * as articles from '../articles/index.ts'
import * as editions from '../editions.ts'
import type { Digest } from './promise.ts'

/** A digest with its newest editions, as feeds list them. */
export type Stream = { digest: Digest; list: { title: string; language: string }; editions: Listed[] }

/** An edition and the headlines of its fullest letter, as it was first composed; withdrawn ones are among them. */
export type Listed = Pick<editions.Edition, 'public_id' | 'day' | 'subject' | 'composed_at' | 'frozen_at'> & {
  headlines: Headline[]
}

type Headline = Pick<
  articles.Article,
  'public_id' | 'title' | 'language' | 'revised_at' | 'withdrawn_at' | 'withdrawn_reason'
>

const SENT = ['frozen', 'held', 'done']

/** The newest editions of a digest, the newest first; undefined if there is no such digest. */
export async function stream(db: Db, slug: string, limit: number): Promise<Stream | undefined> {
  const digest = await db.selectFrom('digest').selectAll().where('slug', '=', slug).executeTakeFirst()
  if (!digest) return undefined
  const list = await db
    .selectFrom('list')
    .select(['title', 'language'])
    .where('id', '=', digest.list_id)
    .executeTakeFirstOrThrow()
  const newest = await db
    .selectFrom('edition')
    .select(['id', 'public_id', 'day', 'subject', 'composed_at', 'frozen_at'])
    .where('digest_id', '=', digest.id)
    .where('state', 'in', SENT)
    .where(editions.ofOwnSlot)
    .orderBy('composed_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  const headlines = await headlinesOf(
    db,
    newest.map((edition) => edition.id),
  )
  return {
    digest,
    list,
    editions: newest.map(({ id, ...rest }) => ({ ...rest, headlines: headlines.get(id) ?? [] })),
  }
}

/** All digests with their language, in the order they were made. */
export async function all(db: Db): Promise<{ slug: string; title: string; language: string }[]> {
  return db
    .selectFrom('digest')
    .innerJoin('list', 'list.id', 'digest.list_id')
    .select(['digest.slug', 'digest.title', 'list.language'])
    .orderBy('digest.id')
    .execute()
}

async function headlinesOf(db: Db, editionIds: number[]): Promise<Map<number, Headline[]>> {
  const parts = await db
    .selectFrom('part')
    .select(['id', 'edition_id'])
    .where('edition_id', 'in', editionIds)
    .where('revision', '=', 1)
    .orderBy('from_seq', 'desc')
    .orderBy('id', 'desc')
    .execute()
  const fullest = new Map(parts.map((part) => [part.edition_id, part.id])) // the first one stands last
  const rows = await db
    .selectFrom('part_article')
    .innerJoin('article', 'article.id', 'article_id')
    .select(['part_id', 'public_id', 'title', 'language', 'revised_at', 'withdrawn_at', 'withdrawn_reason'])
    .where('part_id', 'in', [...fullest.values()])
    .orderBy('part_id')
    .orderBy('position')
    .execute()
  const byPart = Map.groupBy(rows, (row) => row.part_id)
  return new Map([...fullest].map(([edition, part]) => [edition, (byPart.get(part) ?? []).map(withoutPart)]))
}

function withoutPart({ part_id: _, ...headline }: Headline & { part_id: number }): Headline {
  return headline
}

/** When what a stream says last changed. */
export function changedAt({ digest, editions }: Stream): Instant {
  const moments = editions.flatMap(({ composed_at, frozen_at, headlines }) => [
    composed_at,
    frozen_at ?? 0,
    ...headlines.flatMap(({ revised_at, withdrawn_at }) => [revised_at ?? 0, withdrawn_at ?? 0]),
  ])
  return Math.max(digest.created_at, ...moments) as Instant
}

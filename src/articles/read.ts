import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { type Filter, passing } from '../channels.ts'
import * as media from '../media.ts'
import { Problem } from '../problem.ts'
import { keptIn } from './body-pictures.ts'
import { namesOf } from './labels.ts'
import { matching } from './matching.ts'
import type { Article, Story } from './story.ts'

/** Which articles: those that pass the filter and hold all words of the query; `before` continues a previous page. */
export type Wanted = {
  filter?: Filter
  query?: string
  now: Instant
  limit: number
  before?: Pick<Article, 'published_at' | 'id'>
  offset?: number
}

/** What readers may see (published, not withdrawn, its hour come), newest first. */
export async function latest(db: Db, { query, ...wanted }: Wanted): Promise<Story[]> {
  return byIds(db, query === undefined ? await latestIds(db, wanted) : (await matching(db, query, wanted)).ids)
}

/** A page of what a query finds, by which words, and how much in all: counted to `most`, one more says that there are more. */
export async function search(
  db: Db,
  query: string,
  { most, limit, offset = 0, ...wanted }: Omit<Wanted, 'query' | 'before'> & { most: number },
): Promise<{ stories: Story[]; words: string[]; total: number }> {
  const { ids, words } = await matching(db, query, { ...wanted, limit: most + 1 })
  const stories = await byIds(db, ids.slice(0, most).slice(offset, offset + limit))
  return { stories, words, total: ids.length }
}

async function latestIds(db: Db, wanted: Omit<Wanted, 'query'>): Promise<number[]> {
  const rows = await visible(db, wanted)
    .select('article.id')
    .$if(wanted.before !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('article.published_at', 'article.id'), '<', tuple(wanted.before!.published_at, wanted.before!.id)),
      ),
    )
    .orderBy('article.published_at', 'desc')
    .orderBy('article.id', 'desc')
    .limit(wanted.limit)
    .$if(Boolean(wanted.offset), (query) => query.offset(wanted.offset!))
    .execute()
  return rows.map((row) => row.id)
}

/** How many there are of them; with `most` no more are counted, and one more than that is the answer. */
export async function count(
  db: Db,
  { most, ...wanted }: Pick<Wanted, 'filter' | 'now'> & { most?: number },
): Promise<number> {
  const row = await db
    .selectFrom(
      visible(db, wanted)
        .select('article.id')
        .$if(most !== undefined, (query) => query.limit(most! + 1))
        .as('some'),
    )
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .executeTakeFirstOrThrow()
  return row.n
}

/** When the next article whose hour has not come becomes visible; undefined if none waits. */
export async function nextDue(db: Db, filter: Filter, now: Instant): Promise<Instant | undefined> {
  const row = await db
    .selectFrom('article')
    .select(({ fn }) => fn.min('article.published_at').as('at'))
    .where('article.published_at', '>', now)
    .where('article.withdrawn_at', 'is', null)
    .where(passing(filter))
    .executeTakeFirst()
  return row?.at ?? undefined
}

/** What was withdrawn since then and would have passed. */
export async function withdrawnSince(db: Db, filter: Filter, since: Instant): Promise<Article[]> {
  return db
    .selectFrom('article')
    .selectAll('article')
    .where('article.withdrawn_at', '>=', since)
    .where(passing(filter))
    .orderBy('article.withdrawn_at', 'desc')
    .limit(100)
    .execute()
}

/** The article of a public id, a withdrawn one too; undefined before its hour and for unknown ids. */
export async function find(db: Db, publicId: string, now?: Instant): Promise<Story | undefined> {
  const row = await db
    .selectFrom('article')
    .select(['id', 'published_at'])
    .where('public_id', '=', publicId)
    .executeTakeFirst()
  if (!row || (now !== undefined && row.published_at > now)) return undefined
  return (await byIds(db, [row.id]))[0]
}

/** The article of a guid of the newsroom's own or of a public id, whatever its state, or a Problem. */
export async function called(db: Db, value: string): Promise<Article> {
  const article = await db
    .selectFrom('article')
    .selectAll()
    .where(({ eb, or, and }) =>
      or([and([eb('source_id', '=', 0), eb('guid', '=', value)]), eb('public_id', '=', value)]),
    )
    .executeTakeFirst()
  if (!article) throw new Problem('article-not-found', { value })
  return article
}

/** Articles with their names and pictures, in the order of the ids. */
export async function byIds(db: Db, ids: number[]): Promise<Story[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('article').selectAll().where('id', 'in', ids).execute()
  const names = await namesOf(db, ids)
  const pictured = [...new Set(rows.flatMap((row) => row.image_id ?? []))]
  const pictures = pictured.length > 0 ? await media.pictures(db, pictured) : new Map<number, media.Picture>()
  const within = await keptIn(db, ids)
  const stories = new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        ...names.get(row.id)!,
        ...within.get(row.id),
        picture: row.image_id === null ? null : (pictures.get(row.image_id) ?? null),
      },
    ]),
  )
  return ids.flatMap((id) => stories.get(id) ?? [])
}

function visible(db: Db, { filter, now }: Pick<Wanted, 'filter' | 'now'>) {
  return db
    .selectFrom('article')
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '<=', now)
    .where(passing(filter ?? {}))
}

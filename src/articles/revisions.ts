import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor } from '../app.ts'
import { type Said, saidBy } from './said.ts'
import type { Article } from './story.ts'

/** What an article said until `at`, when `actor` changed it. */
export type Revision = { id: number; actor: string; at: Instant; said: Said }

const MOST = 50 // of one article: the older ones go
const ROWS = 200 // in a statement

type Changing = { article: Article; names: { tags: string[]; authors: string[] } }

/** Keeps what these articles say, before they are changed; in the transaction that changes them. */
export async function keep(db: Db, actor: Actor, changing: Changing[], at: Instant): Promise<void> {
  for (let start = 0; start < changing.length; start += ROWS) {
    const some = changing.slice(start, start + ROWS)
    const rows = some.map(({ article, names }) => ({
      ...{ article_id: article.id, actor, at },
      said: JSON.stringify(saidBy(article, names)),
    }))
    await db.insertInto('article_revision').values(rows).execute()
    await prune(
      db,
      some.map(({ article }) => article.id),
    )
  }
}

/** The revisions of an article, the latest first, without their texts. */
export async function list(db: Db, articleId: number): Promise<Omit<Revision, 'said'>[]> {
  return db
    .selectFrom('article_revision')
    .select(['id', 'actor', 'at'])
    .where('article_id', '=', articleId)
    .orderBy('id', 'desc')
    .execute()
}

/** One revision of an article; undefined when it has no such. */
export async function find(db: Db, articleId: number, id: number): Promise<Revision | undefined> {
  const row = await db
    .selectFrom('article_revision')
    .select(['id', 'actor', 'at', 'said'])
    .where('article_id', '=', articleId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && { ...row, said: JSON.parse(row.said) as Said }
}

/** The revision that somebody made at a moment. */
export async function madeAt(db: Db, articleId: number, actor: Actor, at: Instant): Promise<Revision | undefined> {
  const row = await db
    .selectFrom('article_revision')
    .select('id')
    .where('article_id', '=', articleId)
    .where('actor', '=', actor)
    .where('at', '=', at)
    .orderBy('id', 'desc')
    .executeTakeFirst()
  return row && find(db, articleId, row.id)
}

async function prune(db: Db, articleIds: number[]): Promise<void> {
  const counted = db
    .selectFrom('article_revision')
    .select(({ fn }) => [
      'id',
      fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('article_id').orderBy('id', 'desc'))
        .as('nth'),
    ])
    .where('article_id', 'in', articleIds)
    .as('counted')
  await db
    .deleteFrom('article_revision')
    .where('id', 'in', db.selectFrom(counted).select('counted.id').where('counted.nth', '>', MOST))
    .execute()
}

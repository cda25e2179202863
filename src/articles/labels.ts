import type { Db } from '../../db/schema.ts'
import { fold } from '../text.ts'
import type { Draft } from './draft.ts'

type Names = { tags: string[]; authors: string[] }

/** Gives new articles their tags and authors; a name is kept once for all spellings that fold alike. */
export async function label(db: Db, articles: [id: number, draft: Draft][]): Promise<void> {
  const tags = await idsOf(
    db,
    'tag',
    articles.flatMap(([, draft]) => draft.tags ?? []),
  )
  const authors = await idsOf(
    db,
    'author',
    articles.flatMap(([, draft]) => draft.authors ?? []),
  )
  const tagged = articles.flatMap(([article_id, draft]) =>
    distinct(tags, draft.tags).map((tag_id, position) => ({ article_id, tag_id, position })),
  )
  const written = articles.flatMap(([article_id, draft]) =>
    distinct(authors, draft.authors).map((author_id, position) => ({ article_id, author_id, position })),
  )
  for (const rows of batches(tagged)) await db.insertInto('article_tag').values(rows).execute()
  for (const rows of batches(written)) await db.insertInto('article_author').values(rows).execute()
}

/** Gives an article exactly these in place of those it had. */
export async function relabel(db: Db, articleId: number, draft: Draft): Promise<void> {
  await db.deleteFrom('article_tag').where('article_id', '=', articleId).execute()
  await db.deleteFrom('article_author').where('article_id', '=', articleId).execute()
  await label(db, [[articleId, draft]])
}

/** The names on these articles, in their order. */
export async function namesOf(db: Db, articleIds: number[]): Promise<Map<number, Names>> {
  const names = new Map<number, Names>(articleIds.map((id) => [id, { tags: [], authors: [] }]))
  const tags = await db
    .selectFrom('article_tag')
    .innerJoin('tag', 'tag.id', 'tag_id')
    .select(['article_id', 'name'])
    .where('article_id', 'in', articleIds)
    .orderBy('position')
    .execute()
  const authors = await db
    .selectFrom('article_author')
    .innerJoin('author', 'author.id', 'author_id')
    .select(['article_id', 'name'])
    .where('article_id', 'in', articleIds)
    .orderBy('position')
    .execute()
  for (const { article_id, name } of tags) names.get(article_id)!.tags.push(name)
  for (const { article_id, name } of authors) names.get(article_id)!.authors.push(name)
  return names
}

/** The ids of names by their folded spelling; those that are not there yet are made. */
async function idsOf(db: Db, table: 'tag' | 'author', names: string[]): Promise<Map<string, number>> {
  const byKey = new Map(names.toReversed().map((name) => [keyOf(name), name])) // its first spelling stays
  const keys = [...byKey.keys()].sort() // one order everywhere: two imports cannot wait for each other
  const ids = new Map<string, number>()
  for (const some of batches(keys)) {
    await db
      .insertInto(table)
      .values(some.map((key) => ({ key, name: byKey.get(key)! })))
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute()
    const rows = await db.selectFrom(table).select(['id', 'key']).where('key', 'in', some).execute()
    for (const { id, key } of rows) ids.set(key, id)
  }
  return ids
}

function distinct(ids: Map<string, number>, names: string[] = []): number[] {
  return [...new Set(names.map((name) => ids.get(keyOf(name))!))]
}

function keyOf(name: string): string {
  return fold(name) || name
}

function* batches<T>(rows: T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += 1000) yield rows.slice(start, start + 1000)
}

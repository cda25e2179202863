import type { Db } from '../../db/schema.ts'
import { fold } from '../text.ts'
import type { Draft } from './draft.ts'

type Names = { tags: string[]; authors: string[] }

/** Gives an article exactly these tags and authors; a name is kept once for all spellings that fold alike. */
export async function label(db: Db, articleId: number, draft: Draft): Promise<void> {
  await db.deleteFrom('article_tag').where('article_id', '=', articleId).execute()
  await db.deleteFrom('article_author').where('article_id', '=', articleId).execute()
  const tags = await idsOf(db, 'tag', draft.tags ?? [])
  const authors = await idsOf(db, 'author', draft.authors ?? [])
  if (tags.length > 0) {
    await db
      .insertInto('article_tag')
      .values(tags.map((tag_id, position) => ({ article_id: articleId, tag_id, position })))
      .execute()
  }
  if (authors.length > 0) {
    await db
      .insertInto('article_author')
      .values(authors.map((author_id, position) => ({ article_id: articleId, author_id, position })))
      .execute()
  }
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

async function idsOf(db: Db, table: 'tag' | 'author', names: string[]): Promise<number[]> {
  const byKey = new Map(names.map((name) => [fold(name) || name, name]))
  if (byKey.size === 0) return []
  const keys = [...byKey.keys()].sort() // one order everywhere: two imports cannot wait for each other
  await db
    .insertInto(table)
    .values(keys.map((key) => ({ key, name: byKey.get(key)! })))
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  const rows = await db.selectFrom(table).select(['id', 'key']).where('key', 'in', keys).execute()
  const ids = new Map(rows.map((row) => [row.key, row.id]))
  return [...byKey.keys()].map((key) => ids.get(key)!)
}

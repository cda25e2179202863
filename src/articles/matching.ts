import { expressionBuilder } from 'kysely'
import type { Db, Schema } from '../../db/schema.ts'
import { newest, type Sought } from '../../db/search.ts'
import { barest } from '../../db/words.ts'
import { type Filter, passing } from '../channels.ts'
import { searchWords } from '../text.ts'

type Asked = Omit<Sought, 'words' | 'filter'> & { filter?: Filter }

/**
 * The ids of what a query finds, newest first, and by which words: those without an article, and where they find nothing
 * at all those without any letter that Arabic glues to a word.
 */
export async function matching(
  db: Db,
  query: string,
  { filter = {}, ...asked }: Asked,
): Promise<{ ids: number[]; words: string[] }> {
  const some = Object.keys(filter).length > 0 && { filter: passing(filter)(expressionBuilder<Schema, 'article'>()) }
  return matchingAny(db, query, { ...asked, ...some })
}

/** The same among the articles for which any condition holds. */
export async function matchingAny(
  db: Db,
  query: string,
  asked: Omit<Sought, 'words'>,
): Promise<{ ids: number[]; words: string[] }> {
  const words = searchWords(query)
  if (words.length === 0) return { ids: [], words }
  const ids = await newest(db, { ...asked, words })
  const bare = words.map(barest)
  if (ids.length > 0 || asked.before || asked.offset || bare.join() === words.join()) return { ids, words }
  return { ids: await newest(db, { ...asked, words: bare }), words: bare }
}

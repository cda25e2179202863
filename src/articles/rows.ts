import type { Db } from '../../db/schema.ts'
import { namesOf } from './labels.ts'
import type { Article } from './story.ts'

/** As much of an article as a table shows; `text` is its body where words were looked for, else nothing. */
export type Row = Pick<Article, (typeof COLUMNS)[number]> & { authors: string[]; text: string }

const COLUMNS = [
  'id', 'public_id', 'title', 'excerpt', 'section', 'language', 'source_id', 'published_at', 'revised_at', 'withdrawn_at',
] as const // biome-ignore format: one list

/** The rows of these articles, in the order of the ids. */
export async function rows(db: Db, ids: number[], withText: boolean): Promise<Row[]> {
  if (ids.length === 0) return []
  const found = await db
    .selectFrom('article')
    .select(COLUMNS)
    .$if(withText, (query) => query.select('body_html'))
    .where('id', 'in', ids)
    .execute()
  const names = await namesOf(db, ids)
  const byId = new Map(found.map((row) => [row.id, row]))
  return ids.flatMap((id) => {
    const row = byId.get(id)
    return row ? [{ ...row, authors: names.get(id)!.authors, text: row.body_html ?? '' }] : []
  })
}

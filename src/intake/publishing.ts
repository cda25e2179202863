import type { Db } from '../../db/schema.ts'
import type { Actor } from '../app.ts'
import type { Article, Draft } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Row } from './rows.ts'
import type { Reading } from './settle.ts'

/** Publishes drafts in the manner that their source is set to. */
export async function publish(
  db: Db,
  actor: Actor,
  { source, at }: Pick<Reading, 'source' | 'at'>,
  drafts: Draft[],
  archive: boolean,
): Promise<articles.Published & { ids: number[] }> {
  if (drafts.length === 0) return { added: 0, revised: 0, unchanged: 0, ids: [] }
  const own = source.relation === 'own'
  return articles.publishIn(db, actor, drafts, at, {
    archive,
    own,
    leavePictures: !own && source.pictures === 'leave',
  })
}

/**
 * A draft as a revision of its article: under the article's own guid, with its date unless the source dates it anew, and
 * updated when the source says so, if that is later than what readers know.
 */
export function edited(draft: Draft, article: Article, row: Pick<Row, 'dated_at'>): Draft {
  const { published_at, updated_at, ...rest } = draft
  return {
    ...rest,
    source_id: article.source_id,
    guid: article.guid,
    ...(published_at !== undefined && published_at !== row.dated_at && { published_at }),
    ...(updated_at !== undefined && updated_at > article.updated_at && { updated_at }),
  }
}

/** The articles that these rows became. */
export async function articlesOf(db: Db, items: Pick<Row, 'article_id'>[]): Promise<Map<number, Article>> {
  const ids = items.flatMap((row) => row.article_id ?? [])
  if (ids.length === 0) return new Map()
  const found = await db.selectFrom('article').selectAll().where('id', 'in', ids).execute()
  return new Map(found.map((article) => [article.id, article]))
}

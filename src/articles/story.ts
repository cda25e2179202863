import type { Selectable } from 'kysely'
import type { ArticleTable } from '../../db/schema.ts'
import type { Picture } from '../media.ts'

/** One story as stored. `guid` never changes, whatever happens to the rest. */
export type Article = Selectable<ArticleTable>

/**
 * An article with what belongs to it: names of tags and authors in their order, the picture if we keep it, and those of its
 * body that we keep, by the address that stands there.
 */
export type Story = Article & {
  tags: string[]
  authors: string[]
  picture: Picture | null
  pictures?: ReadonlyMap<string, Picture>
}

/** Where a story of another site without a text of its own leads to; undefined for all others. */
export function leadsTo(story: Pick<Article, 'source_id' | 'body_html' | 'url'>): string | undefined {
  return story.source_id > 0 && story.body_html === '' ? (story.url ?? undefined) : undefined
}

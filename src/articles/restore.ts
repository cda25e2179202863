import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { enter } from '../../db/search.ts'
import type { Actor } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { plain } from '../text.ts'
import { namesOf } from './labels.ts'
import { asFacets, foldedText } from './publish.ts'
import type { Article } from './story.ts'

/**
 * Takes a withdrawal back: the article is again on pages, in feeds and in the index, as it was. In the caller's
 * transaction, who knows that whoever withdrew it wants it so. Nothing happens to one that is not withdrawn.
 */
export async function restore(db: Db, actor: Actor, article: Article, at: Instant): Promise<void> {
  const back = await db
    .updateTable('article')
    .set({ withdrawn_at: null, withdrawn_reason: null, revised_at: at })
    .where('id', '=', article.id)
    .where('withdrawn_at', 'is not', null)
    .returning('id')
    .executeTakeFirst()
  if (!back) return
  const { id, published_at } = article
  const names = (await namesOf(db, [id])).get(id)!
  await enter(db, [{ id, published_at, folded: foldedText({ ...article, ...names }, plain(article.body_html)) }])
  await channels.touch(db, [asFacets(article, names)], at)
  await changes.record(db, actor, at, [
    {
      verb: 'article.restore',
      subject: `article:${article.public_id}`,
      before: { withdrawn_at: article.withdrawn_at, withdrawn_reason: article.withdrawn_reason },
      after: { title: article.title, ...(article.source_id > 0 && { source: article.source_id }) },
    },
  ])
}

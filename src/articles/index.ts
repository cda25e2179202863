import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { leave } from '../../db/search.ts'
import type { Actor } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { oneLine } from '../text.ts'
import { namesOf } from './labels.ts'
import { asFacets } from './publish.ts'
import { called } from './read.ts'
import type { Article } from './story.ts'

export { alsoStoodAt, type Placed, placedAt, placedBeneath } from './addresses.ts'
export { foreseeing, type Imported, inBatches, nothingYet, refuse } from './batches.ts'
export { pictureAt } from './body-pictures.ts'
export { type Browsed, browse, languages, type State, sections } from './browse.ts'
export { type Draft, readRow } from './draft.ts'
export { type Edited, edit, standing, write } from './edit.ts'
export { importLines } from './import.ts'
export { type KeptPictures, keepAllPictures, keepPictures } from './keep-pictures.ts'
export { latestSince, listed, newestId } from './listing.ts'
export { type Mark, markOf, marks } from './marks.ts'
export { type Displaced, type Pin, pin, pinned, unpin } from './pin.ts'
export { asFacets, type Manner, type Published, publish, publishIn } from './publish.ts'
export { byIds, called, count, find, latest, nextDue, search, type Wanted, withdrawnSince } from './read.ts'
export { restore } from './restore.ts'
export { find as revision, list as revisions, madeAt as revisionMadeAt, type Revision } from './revisions.ts'
export { type Row, rows } from './rows.ts'
export { type Said, saidBy } from './said.ts'
export { evenly, linkKey, titleKey } from './sameness.ts'
export { withKept } from './shown-pictures.ts'
export { type Article, leadsTo, type Story } from './story.ts'
export { FIELDS, type Fields, fieldsOf, refuseLong, saidIn } from './typed.ts'

/**
 * Withdraws the article of this guid (or public id): gone from pages and feeds, its address answers 410 with the reason.
 *
 * In the caller's transaction. Answers the article as it is now, and whether this call withdrew it.
 */
export async function withdraw(
  db: Db,
  actor: Actor,
  guid: string,
  reason: string,
  at: Instant,
): Promise<{ article: Article; fresh: boolean }> {
  const article = await called(db, guid)
  if (article.withdrawn_at !== null) return { article, fresh: false }
  const withdrawn = { withdrawn_at: at, withdrawn_reason: oneLine(reason).slice(0, 1000) || null }
  await db.updateTable('article').set(withdrawn).where('id', '=', article.id).execute()
  await leave(db, article.id)
  await channels.touch(db, [asFacets(article, (await namesOf(db, [article.id])).get(article.id))], at)
  await changes.record(db, actor, at, [
    {
      verb: 'article.withdraw',
      subject: `article:${article.public_id}`,
      before: { title: article.title },
      after: withdrawn,
    },
  ])
  return { article: { ...article, ...withdrawn }, fresh: true }
}

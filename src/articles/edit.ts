import { randomUUID } from 'node:crypto'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor } from '../app.ts'
import { Problem } from '../problem.ts'
import { namesOf } from './labels.ts'
import { publishIn } from './publish.ts'
import { type Said, saidBy, same } from './said.ts'
import type { Article } from './story.ts'

/** What an edit came to; `stamp` is the article's fingerprint then. */
export type Edited = { id: number; public_id: string; stamp: string; changed: boolean }

/**
 * Publishes what was written at the desk, in the caller's transaction. Its guid is a new one of our own, or of `key`, a UUID
 * that the sheet it was written on bears: the same sheet once more has its article say this, and publishes no second one.
 */
export async function write(
  db: Db,
  actor: Actor,
  said: Said,
  at: Instant,
  key: string = randomUUID(),
): Promise<Edited> {
  const guid = `urn:uuid:${key}`
  await inTurn(db, 'intake')
  const known = await db
    .selectFrom('article')
    .select(['public_id', 'published_at'])
    .where('source_id', '=', 0)
    .where('guid', '=', guid)
    .executeTakeFirst()
  if (known) return edit(db, actor, known.public_id, { published_at: known.published_at, ...said }, { at })
  const { ids } = await publishIn(db, actor, [{ ...said, guid }], at)
  return { ...(await named(db, ids[0]!)), changed: true }
}

/**
 * Has an article say this from now on, in the caller's transaction; one that says it already is left as it is, to the byte.
 * `base` is the fingerprint that the editor began from: a Problem where somebody has changed the article since.
 */
export async function edit(
  db: Db,
  actor: Actor,
  publicId: string,
  said: Said,
  { at, base }: { at: Instant; base?: string },
): Promise<Edited> {
  await inTurn(db, 'intake') // sources revise their articles in this turn, too
  const article = await unwithdrawn(db, publicId)
  if (base !== undefined && base !== article.fingerprint) throw new Problem('article-edited-since')
  const { id } = article
  if (same(said, saidBy(article, (await namesOf(db, [id])).get(id)!)))
    return { id, public_id: publicId, stamp: article.fingerprint, changed: false }
  const { guid, source_id } = article
  await publishIn(db, actor, [{ ...said, guid, source_id }], at, { leavePictures: await leaves(db, source_id) })
  return { ...(await named(db, id)), changed: true }
}

/** What an article says now; a Problem for one that is withdrawn. */
export async function standing(db: Db, publicId: string): Promise<Said> {
  const article = await unwithdrawn(db, publicId)
  return saidBy(article, (await namesOf(db, [article.id])).get(article.id)!)
}

async function unwithdrawn(db: Db, publicId: string): Promise<Article> {
  const article = await db.selectFrom('article').selectAll().where('public_id', '=', publicId).executeTakeFirst()
  if (!article) throw new Problem('article-not-found', { value: publicId })
  if (article.withdrawn_at !== null) throw new Problem('article-withdrawn')
  return article
}

/** Whether the pictures of this source's stories are shown from where they lie. */
async function leaves(db: Db, sourceId: number): Promise<boolean> {
  if (sourceId === 0) return false
  const { relation, pictures } = await db
    .selectFrom('source')
    .select(['relation', 'pictures'])
    .where('id', '=', sourceId)
    .executeTakeFirstOrThrow()
  return relation !== 'own' && pictures === 'leave'
}

async function named(db: Db, id: number): Promise<Omit<Edited, 'changed'>> {
  const row = await db
    .selectFrom('article')
    .select(['public_id', 'fingerprint'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return { id, public_id: row.public_id, stamp: row.fingerprint }
}

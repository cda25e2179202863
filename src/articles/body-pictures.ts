import { imageAddress, original } from '../../db/addresses.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as media from '../media.ts'
import * as downloads from './downloads.ts'
import { sourcesIn } from './shown-pictures.ts'
import type { Article, Story } from './story.ts'

type Body = Pick<Article, 'body_html'>

const ROWS = 500 // in a statement

/** Which pictures of these bodies we keep already, for another story or this one: image ids by address. */
export async function known(db: Db, bodies: Body[]): Promise<Map<string, number>> {
  const urls = [...new Set(bodies.flatMap(({ body_html }) => sourcesIn(body_html)))]
  const kept = new Map<string, number>()
  for (let start = 0; start < urls.length; start += ROWS) {
    const rows = await db
      .selectFrom('body_picture')
      .select(['url', 'image_id'])
      .where('url', 'in', urls.slice(start, start + ROWS))
      .where('image_id', 'is not', null)
      .execute()
    for (const { url, image_id } of rows) kept.set(url, image_id!)
  }
  return kept
}

/** What is to be fetched for these bodies: the addresses, originals first, of the other ones. */
export function wanted(bodies: Body[], known: Map<string, number>): string[] {
  const urls = bodies.flatMap(({ body_html }) => sourcesIn(body_html))
  return urls.filter((url) => !known.has(url)).map(original)
}

/** Remembers what these articles' bodies show, in place of what they showed. */
export async function note(db: Db, articles: (Body & { id: number })[], known: Map<string, number>): Promise<void> {
  await forget(
    db,
    articles.map(({ id }) => id),
  )
  const rows = articles.flatMap(({ id, body_html }) =>
    sourcesIn(body_html).map((url) => ({
      article_id: id,
      url,
      wanted: original(url),
      image_id: known.get(url) ?? null,
    })),
  )
  for (let start = 0; start < rows.length; start += ROWS)
    await db
      .insertInto('body_picture')
      .values(rows.slice(start, start + ROWS))
      .execute()
}

/** These articles' bodies show their pictures from where they lie. */
export async function forget(db: Db, articleIds: number[]): Promise<void> {
  await db.deleteFrom('body_picture').where('article_id', 'in', articleIds).execute()
}

/** The pictures that we keep of these articles' bodies, by the address that stands there. */
export async function keptIn(db: Db, articleIds: number[]): Promise<Map<number, Pick<Story, 'pictures'>>> {
  const rows = await db
    .selectFrom('body_picture')
    .select(['article_id', 'url', 'image_id'])
    .where('article_id', 'in', articleIds)
    .where('image_id', 'is not', null)
    .execute()
  if (rows.length === 0) return new Map()
  const pictures = await media.pictures(db, [...new Set(rows.map((row) => row.image_id!))])
  const sound = rows.filter((row) => pictures.has(row.image_id!))
  const byArticle = Map.groupBy(sound, (row) => row.article_id)
  return new Map(
    [...byArticle].map(([id, some]) => [
      id,
      { pictures: new Map(some.map((row) => [row.url, pictures.get(row.image_id!)!])) },
    ]),
  )
}

/** Gives a kept picture to the bodies of these articles that wait for it, in the transaction that has locked the articles. */
export async function give(db: Db, url: string, image_id: number, articleIds: number[]): Promise<void> {
  await db
    .updateTable('body_picture')
    .set({ image_id })
    .where('wanted', '=', url)
    .where('image_id', 'is', null)
    .where('article_id', 'in', articleIds)
    .execute()
}

/**
 * Asks for the renditions that bodies show in place of an original that cannot be had. Answers whether nothing waits for
 * the original any more.
 *
 * All rows are locked in the order in which those who publish lock them; what a body came to show meanwhile waits on.
 */
export function fallBack(db: Db, url: string, at: Instant): Promise<boolean> {
  return db.transaction().execute(async (db) => {
    const rows = await downloads.bodiesWaitingFor(db, url).select('url').distinct().where('url', '!=', url).execute()
    if (rows.length === 0) return false
    const renditions = rows.map((row) => row.url)
    await downloads.ask(db, [...renditions, url], at)
    await db
      .updateTable('body_picture')
      .set(({ ref }) => ({ wanted: ref('url') }))
      .where('wanted', '=', url)
      .where('url', 'in', renditions)
      .where('image_id', 'is', null)
      .execute()
    return downloads.close(db, url)
  })
}

/** Remembers where a picture of these articles stood, if they are the newsroom's own: old links to it lead to ours. */
export async function keepImageAddress(db: Db, url: string, image_id: number, articleIds: number[]): Promise<void> {
  const address = imageAddress(new URL(url).pathname)
  if (!address) return
  const own = await db
    .selectFrom('article')
    .innerJoin('source', 'source.id', 'source_id')
    .select('article.id')
    .where('article.id', 'in', articleIds)
    .where('relation', '=', 'own')
    .limit(1)
    .executeTakeFirst()
  if (!own) return
  await db
    .insertInto('image_address')
    .values({ address, image_id })
    .onConflict((conflict) => conflict.column('address').doUpdateSet({ image_id }))
    .execute()
}

/** The picture that stood at this address of the newsroom's old site, whatever its size there. */
export async function pictureAt(db: Db, address: string): Promise<media.Picture | undefined> {
  const row = await db.selectFrom('image_address').select('image_id').where('address', '=', address).executeTakeFirst()
  return row && (await media.pictures(db, [row.image_id])).get(row.image_id)
}

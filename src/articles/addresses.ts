import { addressesOf } from '../../db/addresses.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Article } from './story.ts'

/** As much of an article as its address on our site needs. */
export type Placed = Pick<Article, 'public_id' | 'title' | 'withdrawn_at'>

/** Remembers where these articles stood before. What one had is kept for ever: links to it do not end. */
export async function keepAddresses(db: Db, articles: Pick<Article, 'id' | 'guid' | 'url'>[]): Promise<void> {
  const rows = articles.flatMap((one) => addressesOf(one).map((address) => ({ address, article_id: one.id })))
  await insert(db, rows)
}

async function insert(db: Db, rows: { address: string; article_id: number }[]): Promise<void> {
  if (rows.length === 0) return
  await db
    .insertInto('article_address')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['address', 'article_id']).doNothing())
    .execute()
}

/** Remembers further addresses, spelled as db/addresses.ts does it, of the newsroom's own articles with these guids. */
export async function alsoStoodAt(db: Db, given: { guid: string; addresses: string[] }[]): Promise<void> {
  const guids = given.filter(({ addresses }) => addresses.length > 0).map(({ guid }) => guid)
  const articles = await db
    .selectFrom('article')
    .select(['id', 'guid'])
    .where('source_id', '=', 0)
    .where('guid', 'in', guids)
    .execute()
  const ids = new Map(articles.map(({ id, guid }) => [guid, id]))
  const rows = given.flatMap(({ guid, addresses }) => {
    const article_id = ids.get(guid)
    return article_id === undefined ? [] : addresses.map((address) => ({ address, article_id }))
  })
  await insert(db, rows)
}

/** The article that stood at one of these addresses, a withdrawn one too: the newsroom's own first, then the newest. */
export async function placedAt(db: Db, addresses: string[], now: Instant): Promise<Placed | undefined> {
  return placed(db, now)
    .where('address', 'in', addresses)
    .orderBy('source_id')
    .orderBy('published_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** The only article whose address begins so and has no further part; undefined if there are several. */
export async function placedBeneath(db: Db, beginning: string, now: Instant): Promise<Placed | undefined> {
  const found = await placed(db, now)
    .select('address')
    .where('address', '>', beginning)
    .where('address', '<', `${beginning}\u{10ffff}`)
    .limit(3) // one article may have two addresses that begin so
    .execute()
  const one = found.every(({ public_id }) => public_id === found[0]!.public_id)
  return one && found.every(({ address }) => !address.includes('/', beginning.length)) ? found[0] : undefined
}

function placed(db: Db, now: Instant) {
  return db
    .selectFrom('article_address')
    .innerJoin('article', 'article.id', 'article_id')
    .select(['public_id', 'title', 'withdrawn_at'])
    .where('published_at', '<=', now)
}

import { setImmediate } from 'node:timers/promises'
import type { Instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'

/** Something that stories share: the key it is compared by, what people call it, and how many of the newest stories have it. */
export type Counted = { key: string; name: string; n: number }

/** What the newest stories have, of each kind the most frequent first. A source's key is its number. */
export type Counts = Record<'section' | 'tag' | 'author' | 'language' | 'source', Counted[]>

const NEWEST = 5000 // stories that are looked at: what they have is what is in use
const MOST = 300 // of a kind

/** What is in use: counted among the newest 5,000 stories that readers may see. */
export async function inUse(db: Db, now: Instant): Promise<Counts> {
  const rows = await newest(db, now).select(['language', 'section_key', 'source_id']).execute()
  const tally = (keys: string[]) =>
    [...Map.groupBy(keys, (key) => key)].map(([key, own]) => ({ key, name: key, n: own.length })).sort(byNumber)
  await setImmediate() // SQLite answers at once: others have their turn between two looks
  const tag = await tags(db, now)
  await setImmediate()
  const author = await authors(db, now)
  await setImmediate()
  return {
    section: await named(db, tally(rows.flatMap(({ section_key }) => section_key || []))),
    tag,
    author,
    language: tally(rows.map(({ language }) => language)),
    source: tally(rows.map(({ source_id }) => String(source_id))),
  }
}

function newest(db: Db, now: Instant) {
  return db
    .selectFrom('article')
    .where('withdrawn_at', 'is', null)
    .where('published_at', '<=', now)
    .orderBy('published_at', 'desc')
    .orderBy('id', 'desc')
    .limit(NEWEST)
}

async function named(db: Db, sections: Counted[]): Promise<Counted[]> {
  const names = await namesOf(
    db,
    'section',
    sections.slice(0, MOST).map(({ key }) => key),
  )
  return sections.slice(0, MOST).map((one) => ({ ...one, name: names.get(one.key) ?? one.key }))
}

/** What people call what has these keys: a section as its newest story spells it. */
export async function namesOf(
  db: Db,
  kind: 'section' | 'tag' | 'author',
  keys: string[],
): Promise<Map<string, string>> {
  if (kind !== 'section') {
    const rows = await db.selectFrom(kind).select(['key', 'name']).where('key', 'in', keys).execute()
    return new Map(rows.map(({ key, name }) => [key, name]))
  }
  const found = new Map<string, string>()
  for (const key of keys) {
    const row = await db
      .selectFrom('article')
      .select('section')
      .where('withdrawn_at', 'is', null)
      .where('section_key', '=', key)
      .orderBy('published_at', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (row?.section) found.set(key, row.section)
  }
  return found
}

async function tags(db: Db, now: Instant): Promise<Counted[]> {
  return db
    .selectFrom(newest(db, now).select('article.id').as('recent'))
    .innerJoin('article_tag', 'article_tag.article_id', 'recent.id')
    .innerJoin('tag', 'tag.id', 'article_tag.tag_id')
    .select(({ fn, cast }) => ['tag.key', 'tag.name', cast<number>(fn.countAll(), 'integer').as('n')])
    .groupBy(['tag.key', 'tag.name'])
    .orderBy('n', 'desc')
    .orderBy('tag.key')
    .limit(MOST)
    .execute()
}

async function authors(db: Db, now: Instant): Promise<Counted[]> {
  return db
    .selectFrom(newest(db, now).select('article.id').as('recent'))
    .innerJoin('article_author', 'article_author.article_id', 'recent.id')
    .innerJoin('author', 'author.id', 'article_author.author_id')
    .select(({ fn, cast }) => ['author.key', 'author.name', cast<number>(fn.countAll(), 'integer').as('n')])
    .groupBy(['author.key', 'author.name'])
    .orderBy('n', 'desc')
    .orderBy('author.key')
    .limit(MOST)
    .execute()
}

function byNumber(one: Counted, other: Counted): number {
  return other.n - one.n || (one.key < other.key ? -1 : 1)
}

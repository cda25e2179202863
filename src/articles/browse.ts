import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Instant } from '../../db/instant.ts'
import type { Db, Schema } from '../../db/schema.ts'
import { type Filter, passing } from '../channels.ts'
import { openFinder } from '../marks.ts'
import { searchWords } from '../text.ts'
import { matchingAny } from './matching.ts'
import type { Article } from './story.ts'

/** As the desk sees them: `published` are what readers see, `scheduled` those whose hour has not come. */
export type State = 'any' | 'published' | 'scheduled' | 'withdrawn'

/** Which articles the desk looks at; `before` continues a previous page. */
export type Browsed = {
  state: State
  filter: Filter
  query?: string
  now: Instant
  limit: number
  before?: Pick<Article, 'published_at' | 'id'>
}

const EVER = 8.64e15 as Instant
const LOOKED_THROUGH = 2000 // withdrawn articles: they are in no index of words
const AT_ONCE = 100

/**
 * The ids of articles as the desk lists them, the newest first, and the words that were found. Words find no withdrawn
 * article unless these are asked for.
 */
export async function browse(db: Db, wanted: Browsed): Promise<{ ids: number[]; words: string[] }> {
  const { query, now, limit, before, state } = wanted
  const words = query === undefined ? [] : searchWords(query)
  if (words.length === 0) return { ids: (await walk(db, wanted, limit)).map(({ id }) => id), words }
  if (state === 'withdrawn') return { ids: await lookThrough(db, wanted, words), words }
  return matchingAny(db, query!, {
    filter: condition(wanted),
    now: state === 'published' ? now : EVER,
    limit,
    ...(before && { before }),
  })
}

function condition({ state, filter, now }: Pick<Browsed, 'state' | 'filter' | 'now'>): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'article'>()
  return eb.and([
    passing(filter)(eb),
    ...(state === 'published' ? [eb('article.published_at', '<=', now)] : []),
    ...(state === 'scheduled' ? [eb('article.published_at', '>', now)] : []),
    ...(state === 'withdrawn' ? [eb('article.withdrawn_at', 'is not', null)] : []),
    ...(state === 'published' || state === 'scheduled' ? [eb('article.withdrawn_at', 'is', null)] : []),
  ])
}

type Place = Pick<Article, 'id' | 'published_at'>

function walk(db: Db, wanted: Browsed, limit: number): Promise<Place[]> {
  const { before } = wanted
  return db
    .selectFrom('article')
    .select(['article.id', 'article.published_at'])
    .where(condition(wanted))
    .$if(before !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('article.published_at', 'article.id'), '<', tuple(before!.published_at, before!.id)),
      ),
    )
    .orderBy('article.published_at', 'desc')
    .orderBy('article.id', 'desc')
    .limit(limit)
    .execute()
}

async function lookThrough(db: Db, wanted: Browsed, words: string[]): Promise<number[]> {
  const finder = openFinder(words)
  const found: number[] = []
  let before = wanted.before
  for (let seen = 0; seen < LOOKED_THROUGH && found.length < wanted.limit; seen += AT_ONCE) {
    const places = await walk(db, { ...wanted, ...(before && { before }) }, AT_ONCE)
    if (places.length === 0) break
    before = places.at(-1)!
    const texts = await db
      .selectFrom('article')
      .select(['id', 'title', 'excerpt'])
      .where(
        'id',
        'in',
        places.map(({ id }) => id),
      )
      .execute()
    const holding = new Set(texts.filter(({ title, excerpt }) => finder.holdAll([title, excerpt])).map(({ id }) => id))
    found.push(...places.flatMap(({ id }) => (holding.has(id) ? [id] : [])))
  }
  return found.slice(0, wanted.limit)
}

/** The sections that articles stand in, as they are spelled, each once; by steps in an index, however many articles. */
export async function sections(db: Db, limit: number): Promise<{ key: string; name: string }[]> {
  const found: { key: string; name: string }[] = []
  while (found.length < limit) {
    const row = await db
      .selectFrom('article')
      .select(['section_key', 'section'])
      .where('withdrawn_at', 'is', null)
      .where('section_key', '>', found.at(-1)?.key ?? '')
      .orderBy('section_key')
      .orderBy('published_at')
      .limit(1)
      .executeTakeFirst()
    if (!row) break
    found.push({ key: row.section_key!, name: row.section! })
  }
  return found
}

/** The languages that articles are in. */
export async function languages(db: Db, limit: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < limit) {
    const row = await db
      .selectFrom('article')
      .select('language')
      .where('withdrawn_at', 'is', null)
      .where('language', '>', found.at(-1) ?? '')
      .orderBy('language')
      .limit(1)
      .executeTakeFirst()
    if (!row) break
    found.push(row.language)
  }
  return found
}

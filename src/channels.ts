import { randomUUID } from 'node:crypto'
import type { ExpressionBuilder, Selectable } from 'kysely'
import { type Instant, instant } from '../db/instant.ts'
import type { ChannelTable, Db, Schema } from '../db/schema.ts'
import type { Actor, App } from './app.ts'
import { record } from './changes.ts'
import { languageTag } from './locale.ts'
import { Problem } from './problem.ts'
import * as site from './site.ts'
import { fold, oneLine } from './text.ts'

/** A stream of articles we publish. */
export type Channel = Selectable<ChannelTable>

/**
 * Which articles pass: all kinds that are given must agree, within a kind one is enough. Sections, tags and authors are
 * compared folded; a language also stands for its regions (`en` takes `en-GB`).
 */
export type Filter = {
  section?: string[]
  tag?: string[]
  author?: string[]
  language?: string[]
  source?: number[]
} & {
  /** Set by `sized`: so many articles have these tags or authors that it is quicker to look at the articles in order. */
  many?: boolean
}

/** What a filter looks at in an article; keys are folded. */
export type Facets = {
  section_key: string | null
  tags: string[]
  authors: string[]
  language: string
  source_id: number
}

export type Draft = {
  slug: string
  title: string
  description?: string
  filter: Filter
  language?: string
  size?: number
  summary?: boolean
}

const MOST_SOURCES = 1_000_000_000
const MANY = 1000 // articles that are looked up one by one without anybody noticing
const RESERVED = ['p', 'section', 'tag', 'author', 'language', 'search', 'editions']

/** A slug as the contract has it, or a Problem. */
export function checkedSlug(text: string): string {
  if (!/^[a-z0-9-]{1,60}$/.test(text)) throw new Problem('bad-slug', { value: text })
  if (RESERVED.includes(text)) throw new Problem('slug-reserved', { value: text })
  return text
}

/** A title as one line, or a Problem: readers choose by it. */
export function checkedTitle(text: string): string {
  const title = oneLine(text)
  if (!title) throw new Problem('title-empty')
  return title
}

export async function add(app: App, actor: Actor, draft: Draft): Promise<Channel> {
  const slug = checkedSlug(draft.slug)
  const size = draft.size ?? 50
  if (!Number.isInteger(size) || size < 1 || size > 500)
    throw new Problem('bad-number', { name: 'size', least: 1, most: 500 })
  const title = checkedTitle(draft.title)
  if (draft.filter.source?.some((id) => !Number.isInteger(id) || id < 0 || id > MOST_SOURCES))
    throw new Problem('bad-number', { name: 'source', least: 0, most: MOST_SOURCES })
  const language = draft.language
    ? languageTag(draft.language)
    : draft.filter.language?.length === 1
      ? languageTag(draft.filter.language[0]!)
      : null
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const channel = await db
      .insertInto('channel')
      .values({
        feed_id: `urn:uuid:${randomUUID()}`,
        slug,
        title,
        description: oneLine(draft.description ?? ''),
        language,
        filter: JSON.stringify(normal(draft.filter)),
        size,
        text: draft.summary ? 'summary' : 'full',
        version: 1,
        changed_at: at,
        created_at: at,
      })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!channel) throw new Problem('slug-taken', { value: slug })
    await site.touch(db)
    await record(db, actor, at, [{ verb: 'channel.add', subject: `channel:${slug}`, after: draft }])
    return channel
  })
}

export async function find(db: Db, slug: string): Promise<Channel> {
  const channel = await db.selectFrom('channel').selectAll().where('slug', '=', slug).executeTakeFirst()
  if (!channel) throw new Problem('channel-not-found', { value: slug })
  return channel
}

/** All channels, `all` first, then in the order they were made. */
export async function all(db: Db): Promise<Channel[]> {
  return db.selectFrom('channel').selectAll().orderBy('id').execute()
}

export function filterOf(channel: Pick<Channel, 'filter'>): Filter {
  return JSON.parse(channel.filter) as Filter
}

/** The condition that a filter is, on a query over `article`. */
export function passing(filter: Filter) {
  return (eb: ExpressionBuilder<Schema, 'article'>) => {
    const conditions = []
    if (filter.section?.length) conditions.push(eb('article.section_key', 'in', filter.section))
    if (filter.language?.length) {
      conditions.push(
        eb.or(
          filter.language.flatMap((tag) => [
            eb('article.language', '=', tag),
            eb('article.language', 'like', `${tag}-%`),
          ]),
        ),
      )
    }
    if (filter.source?.length) conditions.push(eb('article.source_id', 'in', filter.source))
    if (filter.tag?.length) {
      const tagged = eb
        .selectFrom('article_tag')
        .innerJoin('tag', 'tag.id', 'tag_id')
        .select('article_id')
        .where('tag.key', 'in', filter.tag)
      conditions.push(
        filter.many ? eb.exists(tagged.whereRef('article_id', '=', 'article.id')) : eb('article.id', 'in', tagged),
      )
    }
    if (filter.author?.length) {
      const written = eb
        .selectFrom('article_author')
        .innerJoin('author', 'author.id', 'author_id')
        .select('article_id')
        .where('author.key', 'in', filter.author)
      conditions.push(
        filter.many ? eb.exists(written.whereRef('article_id', '=', 'article.id')) : eb('article.id', 'in', written),
      )
    }
    return eb.and(conditions)
  }
}

/**
 * The filter with what the database cannot guess: whether its tags or authors are on few articles or on many. Where all are
 * to be counted, and not the newest to be found, `many` are more.
 */
export async function sized(db: Db, { many: _, ...filter }: Filter, many = MANY): Promise<Filter> {
  if (!filter.tag?.length && !filter.author?.length) return filter
  const tagged = await db
    .selectFrom('article_tag')
    .innerJoin('tag', 'tag.id', 'tag_id')
    .select('article_id')
    .where('tag.key', 'in', filter.tag ?? [])
    .limit(many)
    .execute()
  const written = await db
    .selectFrom('article_author')
    .innerJoin('author', 'author.id', 'author_id')
    .select('article_id')
    .where('author.key', 'in', filter.author ?? [])
    .limit(many)
    .execute()
  return Math.max(tagged.length, written.length) < many ? filter : { ...filter, many: true }
}

/** Whether an article passes: the same as `passing`, without the database. */
function passes(filter: Filter, facets: Facets): boolean {
  return (
    (!filter.section?.length || (facets.section_key !== null && filter.section.includes(facets.section_key))) &&
    (!filter.language?.length ||
      filter.language.some((tag) => facets.language === tag || facets.language.startsWith(`${tag}-`))) &&
    (!filter.source?.length || filter.source.includes(facets.source_id)) &&
    (!filter.tag?.length || filter.tag.some((key) => facets.tags.includes(key))) &&
    (!filter.author?.length || filter.author.some((key) => facets.authors.includes(key)))
  )
}

/** The channels that an article passes, in the order they were made. */
export async function carrying(db: Db, facets: Facets): Promise<Channel[]> {
  return (await all(db)).filter((channel) => passes(filterOf(channel), facets))
}

/** Says that these articles changed (give them as they were and as they are); in the transaction that changes them. */
export async function touch(db: Db, changed: Facets[], at: Instant): Promise<void> {
  if (changed.length === 0) return
  const channels = await db.selectFrom('channel').select(['id', 'filter']).execute()
  const ids = channels
    .filter(({ filter }) => changed.some((facets) => passes(JSON.parse(filter), facets)))
    .map(({ id }) => id)
  await db
    .updateTable('channel')
    .set((eb) => ({ version: eb('version', '+', 1), changed_at: at }))
    .where('id', 'in', ids)
    .execute()
  await site.touch(db)
}

function normal(filter: Filter): Filter {
  return {
    ...(filter.section?.length && { section: filter.section.map(fold) }),
    ...(filter.tag?.length && { tag: filter.tag.map(fold) }),
    ...(filter.author?.length && { author: filter.author.map(fold) }),
    ...(filter.language?.length && { language: filter.language.map(languageTag) }),
    ...(filter.source?.length && { source: filter.source }),
  }
}

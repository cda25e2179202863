import { randomUUID } from 'node:crypto'
import type { ExpressionBuilder, Selectable } from 'kysely'
import { type Instant, instant } from '../db/instant.ts'
import type { ChannelTable, Db, Schema } from '../db/schema.ts'
import type { Actor, App } from './app.ts'
import { record } from './changes.ts'
import { languageTag } from './locale.ts'
import { Problem } from './problem.ts'
import * as site from './site.ts'
import { fold, oneLine, wellFormed } from './text.ts'
import { made } from './trail.ts'

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

/** What is decided about a channel; its slug stands in its readers' programs and never changes. */
export type Draft = {
  slug: string
  title: string
  description?: string
  filter: Filter
  language?: string
  size?: number
  summary?: boolean
}

export type Changes = Partial<Omit<Draft, 'slug'>>

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
  const values = columns(draft)
  const language = values.language ?? only(draft.filter)
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const channel = await db
      .insertInto('channel')
      .values({
        feed_id: `urn:uuid:${randomUUID()}`,
        slug,
        ...{ title: '', filter: '{}', description: '', size: 50, text: 'full', ...values },
        language,
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

/**
 * Changes what is decided about a channel: its pages and feeds are built anew, its addresses and its feeds' ids stay. The
 * language that its filter gave it follows the filter. The channel `all` keeps taking everything: a Problem for a filter;
 * without a title it is called as the paper is.
 */
export async function set(app: App, actor: Actor, slug: string, changes: Changes): Promise<Channel> {
  const { title, ...rest } = changes
  const named = slug === 'all' && title !== undefined && oneLine(title) === ''
  const values = named ? { ...columns(rest), title: '' } : columns(changes)
  return app.db.transaction().execute(async (db) => {
    const channel = await find(db, slug)
    if (slug === 'all' && values.filter !== undefined && values.filter !== channel.filter)
      throw new Problem('channel-takes-all')
    const followed =
      changes.filter && changes.language === undefined && channel.language === only(filterOf(channel))
        ? { language: only(changes.filter) }
        : {}
    return change(db, actor, channel, { ...values, ...followed }, instant(app.now()))
  })
}

/** Takes back the change that this actor made at that moment; undefined if the channel has been changed since. */
export async function undo(app: App, actor: Actor, slug: string, at: Instant): Promise<Channel | undefined> {
  return app.db.transaction().execute(async (db) => {
    const channel = await find(db, slug)
    const was = await made<Values>(db, { actor, verb: 'channel.set', subject: `channel:${slug}`, at })
    if (!was || !isSo(channel, was.after)) return undefined
    return change(db, actor, channel, was.before, instant(app.now()))
  })
}

type Values = Partial<Pick<Channel, 'title' | 'description' | 'filter' | 'language' | 'size' | 'text'>>

/** A draft as columns; what it leaves out is left out. A Problem for what cannot be. */
function columns({ title, description, filter, language, size, summary }: Changes): Values {
  if (size !== undefined && (!Number.isInteger(size) || size < 1 || size > 500))
    throw new Problem('bad-number', { name: 'size', least: 1, most: 500 })
  return {
    ...(title !== undefined && { title: checkedTitle(title) }),
    ...(description !== undefined && { description: oneLine(description) }),
    ...(filter !== undefined && { filter: JSON.stringify(checkedFilter(filter)) }),
    ...(language !== undefined && { language: language ? languageTag(language) : null }),
    ...(size !== undefined && { size }),
    ...(summary !== undefined && { text: summary ? 'summary' : 'full' }),
  }
}

/** The language of a filter that takes one alone. */
function only({ language }: Filter): string | null {
  return language?.length === 1 ? languageTag(language[0]!) : null
}

async function change(db: Db, actor: Actor, channel: Channel, values: Values, at: Instant): Promise<Channel> {
  const names = (Object.keys(values) as (keyof Values)[]).filter((name) => values[name] !== channel[name])
  if (names.length === 0) return channel
  const of = (one: Values) => Object.fromEntries(names.map((name) => [name, one[name]])) as Values
  await record(db, actor, at, [
    { verb: 'channel.set', subject: `channel:${channel.slug}`, before: of(channel), after: of(values) },
  ])
  await site.touch(db)
  return db
    .updateTable('channel')
    .set((eb) => ({ ...of(values), version: eb('version', '+', 1), changed_at: at }))
    .where('id', '=', channel.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

function isSo(channel: Channel, values: Values): boolean {
  return (Object.keys(values) as (keyof Values)[]).every((name) => channel[name] === values[name])
}

export async function find(db: Db, slug: string): Promise<Channel> {
  const known = /^[a-z0-9-]{1,60}$/.test(slug)
  const channel = known && (await db.selectFrom('channel').selectAll().where('slug', '=', slug).executeTakeFirst())
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

/** A filter as it is stored and compared: folded, its languages canonical. A Problem for what cannot be. */
export function checkedFilter(filter: Filter): Filter {
  if (filter.source?.some((id) => !Number.isInteger(id) || id < 0 || id > MOST_SOURCES))
    throw new Problem('bad-number', { name: 'source', least: 0, most: MOST_SOURCES })
  return {
    ...(filter.section?.length && { section: filter.section.map(fold) }),
    ...(filter.tag?.length && { tag: filter.tag.map(keyOf) }),
    ...(filter.author?.length && { author: filter.author.map(keyOf) }),
    ...(filter.language?.length && { language: filter.language.map(languageTag) }),
    ...(filter.source?.length && { source: filter.source }),
  }
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

/** A tag's or an author's key, as they are stored: of signs alone nothing is left to fold. */
export function keyOf(name: string): string {
  return fold(name) || wellFormed(name)
}

import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { decoded } from '../db/addresses.ts'
import type { Instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import * as articles from './articles/index.ts'
import { type Filter, passing, sized } from './channels.ts'
import { dashed, type FacetKind } from './links.ts'
import { languageName, languageTag } from './locale.ts'
import { fold, oneLine, searchWords } from './text.ts'

/**
 * All stories that share something, without a channel for it. `address` is how URLs spell it, one for all spellings that
 * fold alike; `name` is what people call it.
 */
export type Facet = { kind: FacetKind; address: string; name: string; filter: Filter }

/** The stories that hold some words; `name` is the words as they were typed. */
export type Search = Omit<Facet, 'kind'> & { kind: 'search'; query: string }

const LONGEST = 8000 // letters of an address
const LONGEST_QUERY = 200 // letters
const MOST_LANGUAGES = 100
const LOOKED_AT = 500 // newest stories of a section: a walk over all, to find that none passes, would hold up everybody

/** The facet that a name in a URL means (folded alike, `-` for a space) if there is a story of it that readers may see. */
export async function find(db: Db, kind: FacetKind, text: string, now: Instant): Promise<Facet | undefined> {
  const name = text.slice(0, LONGEST)
  if (/\p{Cc}/u.test(name)) return undefined // PostgreSQL refuses a NUL where SQLite finds nothing
  if (kind === 'language') return language(db, name, now)
  for (const spelling of new Set([name, decoded(name)])) {
    for (const address of new Set([dashed(fold(spelling) || spelling), dashed(spelling)])) {
      const found = kind === 'section' ? await section(db, address, now) : await label(db, kind, address, now)
      if (found) return found // as it is written too: not every key folds to itself, and some hold a %50
    }
  }
  return undefined
}

/** What a search gathers: at most 200 letters count; undefined if there is no word in them. */
export function searchFor(text: string): Search | undefined {
  const query = [...oneLine(text.slice(0, 2 * LONGEST_QUERY)).normalize('NFC')].slice(0, LONGEST_QUERY).join('').trim()
  if (searchWords(query).length === 0) return undefined
  return { kind: 'search', address: fold(query), name: query, filter: {}, query }
}

type Section = { key: string; name: string; language: string }

/** The sections that stories are in now, as their newest story spells them; those of any of some filters, where given. */
export async function allSections(db: Db, now: Instant, limit: number, filters?: Filter[]): Promise<Section[]> {
  const found: Section[] = []
  for (let key: string | undefined = ''; found.length < limit; ) {
    key = await nextSection(db, key) // a step in the index for each instead of a walk over all stories
    if (key === undefined) break
    if (filters) await setImmediate() // the web server's turn: a section of others takes some milliseconds
    const named = await newestOf(db, now, key, filters)
    if (named) found.push({ key, name: named.section!, language: named.language })
  }
  return found
}

/** The newest story of a section, and if it is to pass, of those that are looked at for that. */
async function newestOf(db: Db, now: Instant, key: string, filters?: Filter[]) {
  if (!filters) return newest(db, now).where('section_key', '=', key).executeTakeFirst()
  const possible = filters.filter(({ section }) => !section?.length || section.includes(key))
  if (possible.length === 0) return undefined
  return db
    .selectFrom(newest(db, now).clearLimit().select(['id', 'source_id', 'published_at']).where('section_key', '=', key).limit(LOOKED_AT).as('article')) // biome-ignore format: one place
    .select(['section', 'language'])
    .where((eb) => eb.or(possible.map((filter) => passing(filter)(eb as never))))
    .orderBy('published_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}

async function nextSection(db: Db, after: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('article')
    .select('section_key')
    .where('withdrawn_at', 'is', null)
    .where('section_key', '>', after)
    .orderBy('section_key')
    .limit(1)
    .executeTakeFirst()
  return row?.section_key ?? undefined
}

async function section(db: Db, address: string, now: Instant): Promise<Facet | undefined> {
  const named = await newest(db, now)
    .where(sql<string>`replace(section_key, ' ', '-')`, '=', address)
    .executeTakeFirst()
  return named && { kind: 'section', address, name: named.section!, filter: { section: [named.section_key!] } }
}

function newest(db: Db, now: Instant) {
  return db
    .selectFrom('article')
    .select(['section', 'section_key', 'language'])
    .where('withdrawn_at', 'is', null)
    .where('published_at', '<=', now)
    .orderBy('published_at', 'desc')
    .limit(1)
}

async function label(db: Db, kind: 'tag' | 'author', address: string, now: Instant): Promise<Facet | undefined> {
  const found = await db
    .selectFrom(kind)
    .select(['key', 'name'])
    .where(sql<string>`replace(key, ' ', '-')`, '=', address)
    .orderBy('key')
    .execute() // «covid 19» and «covid-19» share one address
  const filter = await sized(db, { [kind]: found.map(({ key }) => key) })
  const [first] = found
  return first && (await seen(db, filter, now)) ? { kind, address, name: first.name, filter } : undefined
}

async function language(db: Db, name: string, now: Instant): Promise<Facet | undefined> {
  const address = tagOf(name)
  if (address === undefined) return undefined
  const called = languageName(address, address)
  for (const tag of await languages(db)) {
    const meant = tag === address || tag.startsWith(`${address}-`)
    if (meant && (await seen(db, { language: [tag] }, now)))
      return { kind: 'language', address, name: called, filter: { language: [address] } }
  }
  return undefined
}

/** The languages there are, each by one step in the index: a walk over all stories for a language that nobody writes is long. */
async function languages(db: Db): Promise<string[]> {
  const found: string[] = []
  while (found.length < MOST_LANGUAGES) {
    const { next } = await db
      .selectFrom('article')
      .select(({ fn }) => fn.min<string | null>('language').as('next'))
      .where('withdrawn_at', 'is', null)
      .where('language', '>', found.at(-1) ?? '')
      .executeTakeFirstOrThrow()
    if (next === null) break
    found.push(next)
  }
  return found
}

function tagOf(name: string): string | undefined {
  try {
    return languageTag(name)
  } catch {
    return undefined
  }
}

async function seen(db: Db, filter: Filter, now: Instant): Promise<boolean> {
  return (await articles.latest(db, { filter, now, limit: 1 })).length > 0
}

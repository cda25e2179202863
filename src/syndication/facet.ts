import { createHash } from 'node:crypto'
import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Mark, Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Channel } from '../channels.ts'
import type { Facet, Search } from '../facets.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import type { Site } from '../site.ts'
import { oneLine } from '../text.ts'
import { type Input, logoOf, type Place, REMEMBERED } from './input.ts'

const SIZE = 50

type Found = Facet | Search

/**
 * Reads what a facet's documents are made of, like `gather`: a facet is a channel for the moment, called and dated by what
 * it holds. `everything` is the channel of all news, which names all feeds that have no row of their own.
 */
export async function gatherFacet(
  db: Db,
  site: Site,
  { facet, everything, url, now }: { facet: Found; everything: Channel; url: string; now: Instant },
): Promise<{ input: Input; mark: string }> {
  const stories = await articles.latest(db, { ...wanted(facet), now, limit: SIZE })
  const beside = await around(db, facet, site, stories, now)
  const language = facet.kind === 'language' ? facet.address : common(stories)
  const channel: Channel = {
    ...everything,
    feed_id: derivedId(everything.feed_id, facet.kind, facet.address),
    slug: '',
    title: titleOf(facet, language ?? site.language, oneLine(site.name) || new URL(url).host),
    description: '',
    language,
    filter: JSON.stringify(facet.filter),
    size: SIZE,
    text: 'full',
    changed_at: lastOf(site, [...stories, ...beside.deleted]),
  }
  const place = placeOfFacet(facet, url)
  const input = { site, channel, place, stories, ...beside, url, ...(await logoOf(db, site)) }
  return { input, mark: digestOf(site, stories, beside) }
}

/** What a facet's documents depend on, as one short text: as long as it stays the same they need not be built again. */
export async function markOfFacet(db: Db, site: Site, facet: Found, now: Instant): Promise<string> {
  const stories =
    facet.kind !== 'search'
      ? await articles.marks(db, facet.filter, now, SIZE)
      : await articles.latest(db, { ...wanted(facet), now, limit: SIZE })
  return digestOf(site, stories, await around(db, facet, site, stories, now))
}

/** An id for what has no row to keep one in: the same whatever the domain, and for every process. */
export function derivedId(feedId: string, kind: string, key: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([feedId, kind, key]))
    .digest()
  hash[6] = (hash[6]! & 0x0f) | 0x80 // RFC 9562: version 8, made as its maker likes
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return `urn:uuid:${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')}`
}

type Around = { deleted: articles.Article[]; nextDue?: Instant }

/** What was withdrawn lately, and whose hour comes next; a search names neither. */
async function around(db: Db, facet: Found, site: Site, stories: Mark[], now: Instant): Promise<Around> {
  const nextDue = await articles.nextDue(db, facet.filter, now)
  const since = later(lastOf(site, stories), -REMEMBERED)
  const deleted = facet.kind !== 'search' ? await articles.withdrawnSince(db, facet.filter, since) : []
  return { deleted, ...(nextDue !== undefined && { nextDue }) }
}

function wanted(facet: Found): { filter: Facet['filter']; query?: string } {
  return { filter: facet.filter, ...(facet.kind === 'search' && { query: facet.query }) }
}

function digestOf(site: Site, stories: Mark[], { deleted, nextDue }: Around): string {
  const read = [site.changed_at, site.name, nextDue ?? 0, stories.map(articles.markOf), deleted.map(articles.markOf)]
  return createHash('sha256').update(JSON.stringify(read)).digest('base64url')
}

/** The last moment at which one of these articles or the paper was changed. */
function lastOf(site: Site, held: Mark[]): Instant {
  const moments = held.flatMap((one) => [one.created_at, one.revised_at ?? 0, one.withdrawn_at ?? 0])
  return Math.max(site.changed_at, ...moments) as Instant
}

/** The language that all of them are in; null where they differ. */
function common(stories: Story[]): string | null {
  const tags = new Set(stories.map((story) => story.language))
  if (tags.size === 1) return [...tags][0]!
  const primary = new Set([...tags].map((tag) => tag.split('-')[0]!))
  return primary.size === 1 ? [...primary][0]! : null
}

function titleOf({ kind, name }: Found, language: string, paper: string): string {
  const title =
    kind === 'author'
      ? say(language, 'feed.author', { name })
      : kind === 'search'
        ? say(language, 'feed.search', { words: name })
        : name
  return `${title} · ${paper}`
}

function placeOfFacet({ kind, address, name }: Found, url: string): Place {
  return kind === 'search'
    ? { page: links.search(url, name), feed: (format) => links.searchFeed(url, name, format) }
    : { page: links.facet(url, kind, address), feed: (format) => links.facetFeed(url, kind, address, format) }
}

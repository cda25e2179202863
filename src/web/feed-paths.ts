import type { FacetKind } from '../links.ts'
import type { Format } from '../syndication/index.ts'

/** What a feed's address asks for; `path` is how we spell it ourselves, where that can be told without the database. */
export type Target = { path: string; format: Format } & (
  | { kind: 'channel'; slug: string }
  | { kind: 'editions'; digest: string }
  | { kind: FacetKind | 'search'; text: string }
)

/** A month of a channel. */
export type ArchiveTarget = { slug: string; month: string }

const CHANNEL = /^\/feeds\/([a-z0-9-]{1,60})\.(rss|atom|json)(?:\?|$)/
const EDITIONS = /^\/feeds\/editions\/([a-z0-9-]{1,60})\.(rss|atom|json)(?:\?|$)/
const FACET = /^\/feeds\/(section|tag|author|language)\/([^/?#]{1,6100})\.(rss|atom|json)(?:\?|$)/
const ARCHIVE = /^\/feeds\/([a-z0-9-]{1,60})\/([0-9-]{1,10})\.atom(?:\?|$)/
const LONGEST = 4000 // letters of an address that are told apart: far more than a search may have

/** Reads a request's path and query; undefined for what is no feed's address. */
export function feedTarget(url: string): Target | undefined {
  if (!url.startsWith('/feeds/')) return undefined
  const [, slug, ofSlug] = CHANNEL.exec(url) ?? []
  if (slug) return slug === 'search' ? search(url, ofSlug as Format) : channel(slug, ofSlug as Format)
  const [, digest, ofDigest] = EDITIONS.exec(url) ?? []
  if (digest)
    return { kind: 'editions', digest, format: ofDigest as Format, path: `/feeds/editions/${digest}.${ofDigest}` }
  const [, kind, text, format] = FACET.exec(url) ?? []
  if (!kind) return undefined
  return { kind: kind as FacetKind, text: decoded(text!), format: format as Format, path: url.split('?', 1)[0]! }
}

export function archiveTarget(url: string): ArchiveTarget | undefined {
  const [, slug, month] = ARCHIVE.exec(url) ?? []
  return slug && slug !== 'p' ? { slug, month: month! } : undefined
}

function channel(slug: string, format: Format): Target {
  return { kind: 'channel', slug, format, path: `/feeds/${slug}.${format}` }
}

function search(url: string, format: Format): Target {
  const text = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('q') ?? ''
  return { kind: 'search', text, format, path: url.slice(0, LONGEST) }
}

/** A name as it was before it was percent-encoded; '' for what never was one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

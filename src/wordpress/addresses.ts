import { numbered, pathAddress, segmentsOf } from '../../db/addresses.ts'

/** What WordPress gathers stories by; a category is what we call a section, or a tag. */
export type Gathered = { by: 'category' | 'tag' | 'author'; name: string }

/** What an address of a WordPress site asks for. */
export type OldAddress =
  | { asks: 'feed'; format: 'rss' | 'atom' | 'json'; of?: Gathered }
  | { asks: 'stories'; of: Gathered }
  | { asks: 'story'; addresses: string[]; beginning?: string }

const FORMATS = new Map<string, 'rss' | 'atom' | 'json'>([
  ['rss', 'rss'],
  ['rss2', 'rss'],
  ['rdf', 'rss'],
  ['atom', 'atom'],
  ['json', 'json'],
])
const DOCUMENTS = /^(?:rss|feed|index|wp-rss2?|wp-rdf|wp-feed|atom|wp-atom)\.(?:xml|rdf|json|php)$/
const LONGEST_SLUG = 200 // bytes, percent-encoded: what WordPress's database keeps
const SHORTEST_CUT = 8 // letters of a slug that still tell which story is meant

/** Reads an address without its host: nobody can be led to another site. Undefined for what cannot have been one. */
export function readAddress({ pathname, search }: URL): OldAddress | undefined {
  const segments = segmentsOf(pathname)
  if (segments.length === 0) return readQuery(new URLSearchParams(search))
  return readFeed(segments) ?? readStories(segments) ?? readStory(pathname)
}

function readQuery(query: URLSearchParams): OldAddress | undefined {
  const format = FORMATS.get((query.get('feed') ?? '').replace(/^comments-/, ''))
  if (format) return { asks: 'feed', format }
  const number = query.get('p') ?? query.get('page_id')
  return number && /^\d{1,12}$/.test(number) ? { asks: 'story', addresses: [numbered(Number(number))] } : undefined
}

function readFeed(segments: string[]): OldAddress | undefined {
  const last = segments.at(-1)!
  if (segments.length === 1 && DOCUMENTS.test(last)) return { asks: 'feed', format: named(last) }
  const at = segments.lastIndexOf('feed')
  if (at < 0 || at < segments.length - 2) return undefined
  const format = FORMATS.get(segments[at + 1] ?? 'rss')
  const before = segments.slice(0, at)
  if (!format) return undefined
  if (before.length === 0 || before.join() === 'comments') return { asks: 'feed', format }
  const of = gathered(before)
  return of && { asks: 'feed', format, of }
}

function named(file: string): 'rss' | 'atom' | 'json' {
  return file.endsWith('.json') ? 'json' : file.includes('atom') ? 'atom' : 'rss'
}

function readStories(segments: string[]): OldAddress | undefined {
  const paged = segments.at(-2) === 'page' && /^\d+$/.test(segments.at(-1)!)
  const of = gathered(paged ? segments.slice(0, -2) : segments)
  return of && { asks: 'stories', of }
}

/** `category/a/b` is the category b, beneath a. */
function gathered(segments: string[]): Gathered | undefined {
  const by = segments[0]!
  const name = segments.at(-1)!
  return segments.length > 1 && (by === 'category' || by === 'tag' || by === 'author') ? { by, name } : undefined
}

/** A story's path, as it is and as WordPress would have cut it; where it may have been cut on its way, as a beginning too. */
function readStory(pathname: string): OldAddress | undefined {
  const address = pathAddress(pathname)
  if (!address) return undefined
  const slug = address.slice(address.lastIndexOf('/') + 1)
  const cut = address.slice(0, address.length - slug.length) + shortened(slug)
  const telling = [...slug].length >= SHORTEST_CUT && /\p{L}/u.test(slug)
  return {
    asks: 'story',
    addresses: [...new Set([address, cut])],
    ...(telling && { beginning: cut }),
  }
}

function shortened(slug: string): string {
  let length = 0
  let kept = ''
  for (const letter of slug) {
    length += encodeURIComponent(letter).length
    if (length > LONGEST_SLUG) break
    kept += letter
  }
  return kept
}

import type { App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import { Problem } from '../problem.ts'
import { httpUrl, oneLine } from '../text.ts'
import { kindOf, textOf } from './sniffing.ts'
import { type Tag, tagsOf } from './tags.ts'
import { type Site, siteOf } from './wordpress-site.ts'

/** Where the stories of an address are read, and why there. `others`: what else the site offers. */
export type Found = {
  url: string
  kind: 'feed' | 'wordpress'
  how: string
  way: Way
  others: { url: string; title: string }[]
  home?: string
}

/** The same in a word, for who says it in another language. */
export type Way = 'itself' | 'named' | 'common' | 'wordpress' | 'wordpress-closed'

type Offer = { url: string; title: string }

const COMMON = ['feed/', 'rss.xml', 'feed.xml', 'atom.xml', 'index.xml', 'feed.json', 'rss']
const TYPES = /^(application\/(rss|atom|rdf)\+xml|application\/feed\+json|(application|text)\/xml)\s*(;|$)/i
const COMMENTS = /comment|تعليق|yorum/i
const PART = /\/(category|tag|author|topic|section|kategori|etiket|yazar)\//i
const ACCEPT =
  'text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,application/feed+json,*/*;q=0.5'

/**
 * Looks at an address for where its stories can be read: it may be a feed itself, a WordPress site whose REST interface
 * answers (or, of our `own` newsroom, any), a page that names its feeds, or a site that has one in a common place.
 *
 * Throws Problem `fetch-failed` where it cannot be asked now, and `feed-not-found` where there is nothing to read.
 */
export async function discover(app: App, url: string, own: boolean, signal: AbortSignal): Promise<Found> {
  const answer = await fetching.get(app, url, { accept: ACCEPT, signal })
  const missing = answer.status === 404
  if ((answer.status < 200 || answer.status > 299 || answer.status === 204) && !missing)
    throw new Problem('fetch-failed', { host: new URL(answer.url).host, reason: `it answers ${answer.status}` })
  const kind = missing ? 'other' : kindOf(answer.body)
  if (kind === 'feed') return { url, kind: 'feed', how: 'the address is a feed itself', way: 'itself', others: [] }
  const offers = kind === 'page' ? offersOf(answer) : []
  const site = kind === 'page' ? await siteOf(app, answer, signal) : undefined
  if (site && (site.open || own)) return { ...wordpress(site), others: offers }
  const [first, ...others] = offers
  if (first)
    return { url: first.url, kind: 'feed', how: 'the page names this feed', way: 'named', others, home: answer.url }
  const common = await inCommonPlaces(app, answer.url, signal)
  if (common)
    return { url: common, kind: 'feed', how: 'found in a common place', way: 'common', others: [], home: answer.url }
  throw new Problem('feed-not-found', { value: url })
}

/** Of a site that is closed its feed has every post, page by page: the newsroom's own is read so. */
function wordpress({ url, open }: Site): Omit<Found, 'others'> {
  const how = open
    ? 'a WordPress site, read through its REST interface'
    : 'a WordPress site whose REST interface is closed, read through its feed, page by page'
  return { url, kind: 'wordpress', how, way: open ? 'wordpress' : 'wordpress-closed', home: url }
}

/** The feeds that a page names, the best first: of the page itself, then of the whole site, then of its parts, then comments. */
function offersOf(answer: fetching.Fetched): Offer[] {
  const tags = tagsOf(textOf(answer.body, answer.headers['content-type']), ['base', 'link'])
  const base = httpUrl(
    tags.find(({ name, attributes }) => name === 'base' && attributes['href'])?.attributes['href'] ?? '',
    answer.url,
  )
  const offers = tags.filter(isFeed).flatMap(({ attributes }): Offer[] => {
    const url = attributes['href'] ? httpUrl(attributes['href'], base ?? answer.url) : undefined
    return url ? [{ url: url.replace(/#.*$/s, ''), title: oneLine(attributes['title'] ?? '').slice(0, 200) }] : []
  })
  const once = [...new Map(offers.toReversed().map((offer) => [offer.url, offer])).values()].reverse()
  return once
    .map((offer) => ({ offer, rank: rank(offer, answer.url) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ offer }) => offer)
    .slice(0, 50)
}

function isFeed({ name, attributes }: Tag): boolean {
  const relations = (attributes['rel'] ?? '').toLowerCase().split(/\s+/)
  return name === 'link' && relations.includes('alternate') && TYPES.test(attributes['type'] ?? '')
}

function rank({ url, title }: Offer, page: string): number {
  const { pathname, search } = new URL(url)
  const beneath = new URL(page).pathname.replace(/[^/]*$/, '')
  if (COMMENTS.test(title) || COMMENTS.test(decoded(pathname + search))) return 3
  if (beneath !== '/' && pathname.startsWith(beneath)) return 0
  return PART.test(pathname) ? 2 : 1
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The first of the usual addresses that answers with a feed, beneath the page's folder and then beneath the site. */
async function inCommonPlaces(app: App, page: string, signal: AbortSignal): Promise<string | undefined> {
  const folders = [...new Set([new URL('.', page).href, new URL('/', page).href])]
  for (const url of folders.flatMap((folder) => COMMON.map((path) => new URL(path, folder).href))) {
    const answer = await fetching.get(app, url, { accept: ACCEPT, signal }).catch((error) => {
      if (signal.aborted || !(error instanceof Problem)) throw error
      return undefined
    })
    if (answer?.status === 200 && kindOf(answer.body) === 'feed') return url
  }
  return undefined
}

import { type Context, Hono } from 'hono'
import { imageAddress } from '../../db/addresses.ts'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import type { Facet } from '../facets.ts'
import * as facets from '../facets.ts'
import * as links from '../links.ts'
import * as media from '../media.ts'
import { type Gathered, readAddress } from '../wordpress/addresses.ts'
import * as formerNames from '../wordpress/former-names.ts'

const LARGEST = 1200 // wide
const CACHE = 'public, max-age=3600'

/** The front page's addresses that WordPress used for something else: `/?p=123`, `/?feed=rss2`. */
export function movedPages(app: App): Hono {
  const pages = new Hono()
  pages.get('/', async (c, next) => {
    if (!/[?&](?:p|page_id|feed)=/.test(c.req.url) || !readAddress(new URL(c.req.url))) return next()
    return (await moved(app, c)) ?? c.notFound()
  })
  return pages
}

/** Leads from an address of the paper's old site to ours; undefined if we know of nothing there. */
export async function moved(app: App, c: Context): Promise<Response | undefined> {
  const url = new URL(c.req.url)
  const place = await placeOf(app, url)
  if (!place || place === url.pathname) return undefined
  c.header('Cache-Control', CACHE)
  return c.redirect(place, 301)
}

async function placeOf(app: App, url: URL): Promise<string | undefined> {
  return (await pictureAt(app, url)) ?? storyAt(app, url)
}

/** A picture of the old site, in any of its sizes, is ours of the nearest width. */
async function pictureAt(app: App, { pathname }: URL): Promise<string | undefined> {
  const address = imageAddress(pathname)
  const picture = address && (await articles.pictureAt(app.read, address))
  if (!picture) return undefined
  const [, width] = /-(\d{1,5})x\d{1,5}\.[a-z]{3,4}$/i.exec(pathname) ?? []
  return links.media('', media.nearest(picture, Number(width ?? LARGEST)))
}

async function storyAt(app: App, url: URL): Promise<string | undefined> {
  const old = readAddress(url)
  if (!old) return undefined
  if (old.asks === 'feed') {
    const place = old.of && (await gatheredAt(app, old.of))
    if (!place) return links.feed('', 'all', old.format)
    return 'slug' in place
      ? links.feed('', place.slug, old.format)
      : links.facetFeed('', place.kind, place.address, old.format)
  }
  if (old.asks === 'stories') {
    const place = await gatheredAt(app, old.of)
    return place && ('slug' in place ? links.channel('', place.slug) : links.facet('', place.kind, place.address))
  }
  const now = instant(app.now())
  const story =
    (await articles.placedAt(app.read, old.addresses, now)) ??
    (old.beginning && (await articles.placedBeneath(app.read, old.beginning, now)))
  return story ? (story.withdrawn_at === null ? links.article('', story) : `/a/${story.public_id}`) : undefined
}

/** Where stories of that category, tag or author stand with us: a category's name may be a section, a tag or a channel. */
async function gatheredAt(app: App, of: Gathered): Promise<Facet | channels.Channel | undefined> {
  const place = await called(app, of)
  if (place) return place
  const name = await formerNames.nameOf(app.read, of)
  return name === undefined ? undefined : called(app, { ...of, name })
}

async function called(app: App, { by, name }: Gathered): Promise<Facet | channels.Channel | undefined> {
  const now = instant(app.now())
  if (by !== 'category') return facets.find(app.read, by, name, now)
  const facet = (await facets.find(app.read, 'section', name, now)) ?? (await facets.find(app.read, 'tag', name, now))
  if (facet || !/^[a-z0-9-]{1,60}$/.test(name)) return facet
  return (await channels.all(app.read)).find(({ slug }) => slug === name)
}

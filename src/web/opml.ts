import { Hono } from 'hono'
import { every } from 'hono/combine'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as channels from '../channels.ts'
import * as digests from '../digests/index.ts'
import * as facets from '../facets.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import * as site from '../site.ts'
import * as syndication from '../syndication/index.ts'
import { cached } from './cached.ts'
import { remembered } from './remembered.ts'

const MOST_SECTIONS = 200

/** All feeds in one file, as readers import them: `/feeds.opml`. */
export function opmlPages(app: App): Hono {
  const pages = new Hono()
  pages.get('/feeds.opml', every(cached, remembered(app)), async (c) =>
    c.body(await allFeeds(app), 200, { 'Content-Type': 'text/x-opml; charset=utf-8' }),
  )
  return pages
}

async function allFeeds(app: App): Promise<string> {
  const { url } = app.config
  const paper = await site.show(app, app.read)
  const { language } = paper
  const ofChannels = (await channels.all(app.read)).map((channel) => ({
    title: channel.title || paper.name,
    xmlUrl: links.feed(url, channel.slug, 'rss'),
    htmlUrl: channel.slug === 'all' ? `${url}/` : links.channel(url, channel.slug),
    language: channel.language ?? language,
  }))
  const ofSections = (await facets.allSections(app.read, instant(app.now()), MOST_SECTIONS)).map(
    ({ key, name, language }) => ({
      title: name,
      language,
      xmlUrl: links.facetFeed(url, 'section', key, 'rss'),
      htmlUrl: links.facet(url, 'section', key),
    }),
  )
  const ofDigests = (await digests.all(app.read)).map((digest) => ({
    title: digest.title,
    xmlUrl: links.editionsFeed(url, digest.slug, 'rss'),
    htmlUrl: links.digest(url, digest.slug),
    language: digest.language,
  }))
  return syndication.writeOpml(`${say(language, 'page.feeds')} · ${paper.name}`, [
    ...ofChannels,
    ...group(say(language, 'page.sections'), ofSections),
    ...group(say(language, 'page.editions'), ofDigests),
  ])
}

function group(title: string, outlines: syndication.Outline[]): syndication.Outline[] {
  return outlines.length > 0 ? [{ title, outlines }] : []
}

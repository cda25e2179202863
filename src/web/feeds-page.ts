import { Hono, type MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import * as facets from '../facets.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import { type FeedAddress, feedLinks } from './alternates.ts'
import { foreign, type Html, type Paper, page, paper, titleOf } from './pages.ts'

type Row = { title: string; path: string; language: string | null; feed: FeedAddress }

type Section = Awaited<ReturnType<typeof facets.allSections>>[number]

const MOST_SECTIONS = 200

/** All feeds, for people. */
export function feedsPages(app: App, kept: MiddlewareHandler): Hono {
  const pages = new Hono()
  pages.get('/feeds', kept, async (c) => {
    const sections = await facets.allSections(app.read, instant(app.now()), MOST_SECTIONS)
    return c.html(feedsPage(await paper(app), sections, await digests.archives(app.read)))
  })
  return pages
}

function feedsPage(paper: Paper, sections: Section[], archives: digests.Archive[]): Html {
  const { language } = paper
  return page({
    ...paper,
    title: say(language, 'page.feeds'),
    description: say(language, 'page.feeds-text'),
    path: '/feeds',
    body: html`<div class="text">
<h1>${say(language, 'page.feeds')}</h1>
<p class="standfirst">${say(language, 'page.feeds-text')}</p>
<p>${say(language, 'page.feeds-how')}</p>
<p>${say(language, 'page.feeds-which')}</p>
<p><a href="/feeds.opml">${say(language, 'page.feeds-opml')}</a></p>
${table(
  paper,
  say(language, 'page.channels'),
  paper.channels.map((one) => channelRow(one, language)),
)}
${table(paper, say(language, 'page.sections'), sections.map(sectionRow))}
${table(paper, say(language, 'page.editions'), archives.map(digestRow))}
</div>`,
  })
}

function channelRow(channel: Paper['channels'][number], around: string): Row {
  const { slug, language } = channel
  const title = titleOf(channel, around)
  return { title, path: links.channel('', slug), language, feed: (base, format) => links.feed(base, slug, format) }
}

function sectionRow({ key, name }: Section): Row {
  const path = links.facet('', 'section', key)
  return { title: name, path, language: null, feed: (base, format) => links.facetFeed(base, 'section', key, format) }
}

function digestRow({ digest, title, language }: digests.Archive): Row {
  const path = `/editions/${digest}`
  return { title, path, language, feed: (base, format) => links.editionsFeed(base, digest, format) }
}

function table(paper: Paper, title: string, rows: Row[]): Html | '' {
  if (rows.length === 0) return ''
  return html`<h2>${title}</h2>
<dl class="table">${rows.map(
    ({ title, path, language, feed }) =>
      html`<div><dt${foreign(language, paper.language)}><a href="${links.readable(path)}" dir="auto">${title}</a></dt><dd>${feedLinks(feed)}</dd></div>`,
  )}</dl>`
}

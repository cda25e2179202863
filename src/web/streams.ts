import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import type { Facet } from '../facets.ts'
import * as facets from '../facets.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { alternates, type FeedAddress, feedLinks } from './alternates.ts'
import { foreign, type Html, inLanguage, type Paper, page, paper, primary, titleOf } from './pages.ts'
import { nothing, numbered, otherLanguages, paging, river } from './stories.ts'

/** How many stories a page holds. */
export const PAGE = 20
const COUNTED = 500 // pages

/** What pages of stories are about. */
type Stream = {
  /** The first page, percent-encoded. */
  path: string
  title: string
  /** What kind of thing the title names; stands above it. */
  kind?: string
  description?: string
  language?: string | null
  filter: channels.Filter
  feed?: FeedAddress
}

const SLUG = ':channel{[a-z0-9-]{1,60}}'
const NUMBER = ':number{[1-9][0-9]{0,5}}'
const KINDS: links.FacetKind[] = ['section', 'tag', 'author', 'language']

/** Pages of stories, newest first: all the news, a channel's, those of a section, tag, author or language. */
export function streamPages(app: App, kept: MiddlewareHandler): Hono {
  const pages = new Hono()
  pages.get(`/page/${NUMBER}`, kept, async (c) => answer(app, c, ({ language }) => everything(language)))
  for (const path of [`/c/${SLUG}`, `/c/${SLUG}/page/${NUMBER}`]) {
    pages.get(path, kept, async (c) => {
      const channel = await channels.find(app.read, c.req.param('channel') as string)
      const filter = await channels.sized(app.read, channels.filterOf(channel))
      return answer(app, c, ({ language }) => ofChannel(channel, filter, language))
    })
  }
  for (const kind of KINDS) {
    for (const path of [`/${kind}/:key`, `/${kind}/:key/page/${NUMBER}`]) {
      pages.get(path, kept, async (c) => {
        const key = c.req.param('key') as string
        const facet = await facets.find(app.read, kind, key, instant(app.now()))
        if (!facet) return c.notFound()
        if (key !== facet.address) return c.redirect(links.facet('', kind, facet.address), 301)
        return answer(app, c, ({ language }) => ofFacet(facet, language))
      })
    }
  }
  return pages
}

async function answer(app: App, c: Context, about: (paper: Paper) => Stream): Promise<Response> {
  const shown = await paper(app)
  const given = c.req.param('number')
  const stream = about(shown)
  if (given === '1') return c.redirect(stream.path, 301)
  return c.html(await streamPage(app, shown, stream, Number(given ?? 1)))
}

function everything(language: string): Stream {
  return { path: '/', title: say(language, 'page.latest'), filter: {} }
}

function ofChannel(channel: channels.Channel, filter: channels.Filter, language: string): Stream {
  const { slug, description } = channel
  return {
    path: links.channel('', slug),
    title: titleOf(channel, language),
    description,
    language: channel.language,
    filter,
    feed: (base, format) => links.feed(base, slug, format),
  }
}

function ofFacet({ kind, address, name, filter }: Facet, language: string): Stream {
  return {
    path: links.facet('', kind, address),
    title: name,
    kind: say(language, `facet.${kind}`),
    language: kind === 'language' ? address : null,
    filter,
    feed: (base, format) => links.facetFeed(base, kind, address, format),
  }
}

async function streamPage(app: App, around: Paper, stream: Stream, number: number): Promise<Html> {
  const now = instant(app.now())
  const { filter, title, description } = stream
  const paper = inLanguage(around, stream.language ?? null)
  const stories = await articles.latest(app.read, { filter, now, limit: PAGE + 1, offset: (number - 1) * PAGE })
  if (number > 1 && stories.length === 0) throw new Problem('page-not-found')
  const total = stories.length > PAGE ? await pagesOf(app, filter) : number
  const { own, others } = byLanguage(paper, stories.slice(0, PAGE))
  return page({
    ...paper,
    title: number === 1 ? title : `${title} · ${numbered(paper.language, number, total)}`,
    ...(description && { description }),
    path: number === 1 ? stream.path : `${stream.path === '/' ? '' : stream.path}/page/${number}`,
    ...(stream.feed && { alternates: alternates(paper.base, title, stream.feed) }),
    body: html`${heading(paper, stream, number)}
${own.length > 0 ? river(paper, own, 'h2', 'first') : nothing(paper)}
${otherLanguages(paper, others)}
${paging(paper, stream.path, number, total)}`,
  })
}

/** How many pages there are; undefined where there are too many to count for each that is asked for. */
export async function pagesOf(app: App, filter: channels.Filter): Promise<number | undefined> {
  const most = COUNTED * PAGE
  const sized = await channels.sized(app.read, filter, 2 * most)
  const n = await articles.count(app.read, { filter: sized, now: instant(app.now()), most })
  return n > most ? undefined : Math.ceil(n / PAGE)
}

function heading(paper: Paper, { kind, title, language = null, description, feed }: Stream, number: number): Html {
  return html`<header class="heading">
${kind && html`<p class="section">${kind}</p>`}
<h1${kind && html` dir="auto"`}${foreign(language, paper.language)}>${title}</h1>
${description && html`<p>${description}</p>`}
${feed && number === 1 && html`<p class="follow"><span>${say(paper.language, 'page.follow')}</span> ${feedLinks(feed)} <a href="/feeds">${say(paper.language, 'page.feeds-what')}</a></p>`}
</header>`
}

/** Stories in the page's language, and the others, language by language; where none is in it, all stand in one row. */
export function byLanguage(paper: Paper, stories: Story[]): { own: Story[]; others: Story[][] } {
  const groups = Map.groupBy(stories, (story) => primary(story.language))
  const own = groups.get(primary(paper.language))
  groups.delete(primary(paper.language))
  return own ? { own, others: [...groups.values()] } : { own: stories, others: [] }
}

import { Hono } from 'hono'
import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import { say } from '../locale.ts'
import { openFinder, type Piece } from '../marks.ts'
import { Problem } from '../problem.ts'
import { oneLine } from '../text.ts'
import type { Alternate } from './alternates.ts'
import { cached } from './cached.ts'
import { foreign, type Html, type Paper, page, paper, typed } from './pages.ts'
import { LONGEST, searchForm } from './search-form.ts'
import { date, pathOf } from './stories.ts'

const PAGE = 20
const MOST = 1000 // that are counted and paged through: who wants more is better served by another word

type Finder = ReturnType<typeof openFinder>
type Found = { stories: Story[]; finder: Finder; total: number }

/** `/search?q=`: what holds all the words, newest first. */
export function searchPages(app: App): Hono {
  const pages = new Hono()
  pages.get('/search', cached, async (c) => {
    const query = [...oneLine(c.req.query('q') ?? '')].slice(0, LONGEST).join('')
    const number = c.req.query('page') ?? '1'
    if (!/^[1-9]\d?$/.test(number)) throw new Problem('page-not-found')
    const found = query === '' ? undefined : await find(app, query, Number(number))
    if (Number(number) > Math.max(1, pagesOf(found))) throw new Problem('page-not-found')
    return c.html(resultPage(await paper(app), query, found, Number(number)))
  })
  return pages
}

async function find(app: App, query: string, number: number): Promise<Found> {
  const { stories, words, total } = await articles.search(app.read, query, {
    now: instant(app.now()),
    limit: PAGE,
    offset: (number - 1) * PAGE,
    most: MOST,
  })
  return { stories, total, finder: openFinder(words) }
}

function pagesOf(found: Found | undefined): number {
  return found ? Math.ceil(Math.min(found.total, MOST) / PAGE) : 0
}

function resultPage(paper: Paper, query: string, found: Found | undefined, number: number): Html {
  const { language } = paper
  const title = say(language, 'search.title')
  return page({
    ...paper,
    title: query === '' ? title : `${query} · ${title}`,
    path: '/search',
    robots: 'noindex',
    ...(found && found.total > 0 && { alternates: [feedOf(paper.base, query, title)] }),
    body: html`<div class="searching">
<h1>${title}</h1>
${searchForm(language, query)}
${found ? results(paper, query, found, number) : html`<p class="hint">${say(language, 'search.hint')}</p>`}
</div>`,
  })
}

function results(paper: Paper, query: string, found: Found, number: number): Html {
  const { language } = paper
  if (found.total === 0)
    return html`<p class="count" role="status">${say(language, 'search.none')}</p>
<p class="hint">${say(language, 'search.none-next')} <a href="/">${say(language, 'page.latest')}</a></p>`
  const count =
    found.total > MOST
      ? say(language, 'search.found-more', { n: MOST })
      : say(language, 'search.found', { n: found.total })
  return html`<p class="count" role="status">${count}</p>
<ol class="found">${found.stories.map((story) => html`<li>${result(paper, story, found.finder)}</li>`)}</ol>
${paging(paper, query, number, pagesOf(found))}
<p class="hint"><a href="${feedPath(query)}" rel="nofollow">${say(language, 'search.feed')}</a></p>`
}

/** A headline and the words under it: the excerpt, or what stands around a word that only the body holds. */
function result(paper: Paper, story: Story, finder: Finder): Html {
  const whole = finder.holdAll([story.title, story.excerpt])
  const words = (whole ? undefined : finder.snippet(story.body_html)) ?? story.excerpt
  return html`<article${foreign(story.language, paper.language)}>
<h2><a href="${pathOf(story)}">${marked(finder.pieces(story.title))}</a></h2>
${words && html`<p class="excerpt">${marked(finder.pieces(words))}</p>`}
<p class="date">${date(story.published_at, paper.site.zone, story.language)}</p>
</article>`
}

function marked(pieces: Piece[]): Html[] {
  return pieces.map(({ text, matched }) =>
    matched ? html`<mark>${typed(text)}</mark>` : html`${typed(text)}`,
  ) as Html[]
}

function paging(paper: Paper, query: string, number: number, total: number): Html | '' {
  if (total < 2) return ''
  const { language } = paper
  const path = (n: number) => `/search?q=${encodeURIComponent(query)}${n > 1 ? `&page=${n}` : ''}`
  return html`<nav class="paging" aria-label="${say(language, 'page.paging')}">
<span>${number > 1 && html`<a href="${path(number - 1)}" rel="prev">${say(language, 'page.newer')}</a>`}</span>
<span>${say(language, 'page.number', { n: number, total })}</span>
<span>${number < total && html`<a href="${path(number + 1)}" rel="next">${say(language, 'page.older')}</a>`}</span>
</nav>`
}

function feedPath(query: string): string {
  return `/feeds/search.rss?q=${encodeURIComponent(query)}`
}

function feedOf(base: string, query: string, title: string): Alternate {
  return { type: 'application/rss+xml', title: `${query} · ${title} (RSS)`, href: base + feedPath(query) }
}

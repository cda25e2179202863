import { Hono } from 'hono'
import { every } from 'hono/combine'
import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { slug } from '../text.ts'
import * as assets from './assets.ts'
import { cached } from './cached.ts'
import { feedsOf, foreign, type Html, inLanguage, type Paper, page, paper, sections, titleOf } from './pages.ts'
import { remembered } from './remembered.ts'
import {
  full,
  latestBlock,
  opening,
  otherLanguages,
  paging,
  pathOf,
  river,
  sectionBlock,
  signUpBox,
  withdrawal,
} from './stories.ts'

const PAGE = 20
const NEW = 5 // a picture makes none of the others the lead
/** Nothing else reaches the database: PostgreSQL refuses a NUL where SQLite finds nothing. */
const ID = ':id{[a-z0-9]{1,30}}'
const SLUG = ':channel{[a-z0-9-]{1,60}}'
const NUMBER = ':number{[1-9][0-9]{0,5}}'
const LASTING = 'public, max-age=31536000, immutable'

/** What anybody may read: the front page, articles, channels, feeds for people. */
export function publicPages(app: App): Hono {
  const pages = new Hono()
  const kept = every(cached, remembered(app))
  pages.get('/', kept, async (c) => c.html(await front(app, await paper(app))))
  pages.get(`/page/${NUMBER}`, kept, async (c) => {
    const number = Number(c.req.param('number'))
    return number === 1 ? c.redirect('/', 301) : c.html(await stream(app, await paper(app), '/', number))
  })
  pages.get(`/c/${SLUG}`, kept, async (c) => c.html(await stream(app, await paper(app), c.req.param('channel'), 1)))
  pages.get(`/c/${SLUG}/page/${NUMBER}`, kept, async (c) => {
    const number = Number(c.req.param('number'))
    const channel = await channels.find(app.read, c.req.param('channel'))
    return number === 1
      ? c.redirect(`/c/${channel.slug}`, 301)
      : c.html(await stream(app, await paper(app), channel.slug, number))
  })
  pages.get(`/a/${ID}/:slug?`, kept, async (c) => {
    const story = await articles.find(app.read, c.req.param('id'), instant(app.now()))
    if (!story) throw new Problem('page-not-found')
    if (story.withdrawn_at !== null) return c.html(await withdrawnPage(app, await paper(app), story), 410)
    if ((c.req.param('slug') ?? '') !== slug(story.title)) return c.redirect(links.article('', story), 301)
    return c.html(await articlePage(app, await paper(app), story))
  })
  pages.get(`/r/${ID}`, cached, async (c) => {
    const story = await articles.find(app.read, c.req.param('id'), instant(app.now()))
    if (!story) throw new Problem('page-not-found')
    return c.redirect(story.withdrawn_at === null ? links.article('', story) : `/a/${story.public_id}`, 301)
  })
  pages.get('/feeds', kept, async (c) => c.html(feedsPage(await paper(app))))
  pages.get('/robots.txt', (c) => c.text(ROBOTS))
  pages.get('/assets/:name', (c) => {
    const asset = assets.find(c.req.param('name'))
    if (!asset) throw new Problem('page-not-found')
    return c.body(asset.body, 200, {
      'Content-Type': asset.type,
      'Cache-Control': asset.lasting ? LASTING : 'public, max-age=60',
    })
  })
  return pages
}

const ROBOTS = [
  'User-agent: *',
  ...['/subscribe', '/confirm/', '/preferences/', '/unsubscribe/', '/feeds/p/', '/r/'].map(
    (path) => `Disallow: ${path}`,
  ),
  '',
].join('\n')

/** The newest stories for the foot of a page: in the language of what stands above, as long as that has enough. */
export async function newest(app: App, language: string, but?: Story): Promise<Story[]> {
  const now = instant(app.now())
  const others = async (filter: channels.Filter) =>
    (await articles.latest(app.read, { filter, now, limit: 7 })).filter((story) => story.id !== but?.id).slice(0, 6)
  const own = await others({ language: [language.split('-')[0]!] })
  return own.length === 6 ? own : others({})
}

async function front(app: App, paper: Paper): Promise<Html> {
  const now = instant(app.now())
  const stories = await articles.latest(app.read, { now, limit: PAGE })
  const total = Math.ceil((await articles.count(app.read, { now })) / PAGE)
  const { own, others } = byLanguage(paper, stories)
  const lead = own.slice(0, NEW).find(pictured) ?? own[0]
  const beside = own.filter((story) => story !== lead).slice(0, 3)
  const rest = own.filter((story) => story !== lead && !beside.includes(story))
  return page({
    ...paper,
    title: '',
    path: '/',
    body: html`${lead ? opening(paper, lead, beside) : nothing(paper)}
${rest.length > 0 && html`<section class="latest"><h2 class="rule">${say(paper.language, 'page.latest')}</h2>${river(paper, rest, 'h3')}</section>`}
${otherLanguages(paper, others)}
${await blocks(app, paper, stories.at(-1))}
${paging(paper, '/', 1, total)}`,
  })
}

/** Stories in the page's language, and the others, language by language; where none is in it, all stand in one row. */
function byLanguage(paper: Paper, stories: Story[]): { own: Story[]; others: Story[][] } {
  const groups = Map.groupBy(stories, (story) => primary(story.language))
  const own = groups.get(primary(paper.language))
  groups.delete(primary(paper.language))
  return own ? { own, others: [...groups.values()] } : { own: stories, others: [] }
}

function primary(language: string): string {
  return language.split('-')[0]!
}

function pictured(story: Story): boolean {
  return story.picture !== null || story.image_url !== null
}

/** A block per section with what is older than the page's last story, where there is enough of it. */
async function blocks(app: App, paper: Paper, last: Story | undefined): Promise<Html | ''> {
  if (!last) return ''
  const found = []
  for (const channel of sections(paper).slice(0, 12)) {
    if (channel.language !== null && primary(channel.language) !== primary(paper.language)) continue
    const stories = await articles.latest(app.read, {
      filter: channels.filterOf(channel),
      now: instant(app.now()),
      limit: 3,
      before: last,
    })
    if (stories.length > 1 && found.length < 5) found.push(sectionBlock(paper, channel, stories))
  }
  return found.length > 0 ? html`<div class="blocks">${found}</div>` : ''
}

/** A page of a channel, or of all the news from its second page on. */
async function stream(app: App, everything: Paper, where: string, number: number): Promise<Html> {
  const now = instant(app.now())
  const channel = where === '/' ? undefined : await channels.find(app.read, where)
  const paper = inLanguage(everything, channel?.language ?? null)
  const filter = channel ? channels.filterOf(channel) : {}
  const total = Math.ceil((await articles.count(app.read, { filter, now })) / PAGE)
  if (number > Math.max(total, 1)) throw new Problem('page-not-found')
  const { own, others } = byLanguage(
    paper,
    await articles.latest(app.read, { filter, now, limit: PAGE, offset: (number - 1) * PAGE }),
  )
  const first = channel ? `/c/${channel.slug}` : '/'
  const title = channel ? titleOf(channel, paper.language) : say(paper.language, 'page.latest')
  return page({
    ...paper,
    title: number === 1 ? title : `${title} · ${say(paper.language, 'page.number', { n: number, total })}`,
    ...(channel?.description && { description: channel.description }),
    path: number === 1 ? first : `${first === '/' ? '' : first}/page/${number}`,
    ...(channel && channel.slug !== 'all' && { alternates: feedsOf(paper.base, channel.slug, title) }),
    body: html`<header class="heading">
<h1>${title}</h1>
${channel?.description && html`<p>${channel.description}</p>`}
${channel && number === 1 && html`<p class="follow"><span>${say(paper.language, 'page.follow')}</span> ${feedLinks(channel.slug)} <a href="/feeds">${say(paper.language, 'page.feeds-what')}</a></p>`}
</header>
${own.length > 0 ? river(paper, own, 'h2') : nothing(paper)}
${otherLanguages(paper, others)}
${paging(paper, first, number, total)}`,
  })
}

function nothing(paper: Paper): Html {
  return html`<p class="nothing">${say(paper.language, 'page.nothing')}</p>`
}

async function articlePage(app: App, everything: Paper, story: Story): Promise<Html> {
  const paper = inLanguage(everything, story.language)
  return page({
    ...paper,
    title: story.title,
    description: story.excerpt,
    path: pathOf(story),
    picture: story.picture,
    kind: 'article',
    body: html`${full(story, paper)}
${signUpBox(paper)}
${latestBlock(paper, await newest(app, story.language, story))}`,
  })
}

async function withdrawnPage(app: App, paper: Paper, story: Story): Promise<Html> {
  const { language } = paper
  return page({
    ...paper,
    title: say(language, 'article.withdrawn'),
    path: `/a/${story.public_id}`,
    robots: 'noindex',
    body: html`${withdrawal(story, paper, 'h1')}${latestBlock(paper, await newest(app, language))}`,
  })
}

/** Links to the three documents of a channel. */
function feedLinks(channel: string): Html {
  const formats = [['rss', 'RSS'], ['atom', 'Atom'], ['json', 'JSON Feed']] as const // biome-ignore format: one table
  return html`<span class="feeds">${formats.map(([format, name]) => html`<a href="${links.feed('', channel, format)}">${name}</a> `)}</span>`
}

function feedsPage(paper: Paper): Html {
  const { language } = paper
  return page({
    ...paper,
    title: say(language, 'page.feeds'),
    description: say(language, 'page.feeds-text'),
    path: '/feeds',
    body: html`<div class="text">
<h1>${say(language, 'page.feeds')}</h1>
<p class="standfirst">${say(language, 'page.feeds-text')}</p>
<p>${say(language, 'page.feeds-which')}</p>
<dl class="table">${paper.channels.map(
      (channel) =>
        html`<div><dt${foreign(channel.language, language)}><a href="/c/${channel.slug}">${titleOf(channel, language)}</a></dt><dd>${feedLinks(channel.slug)}</dd></div>`,
    )}</dl>
</div>`,
  })
}

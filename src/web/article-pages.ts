import { Hono, type MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as intake from '../intake/index.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { slug } from '../text.ts'
import { cached } from './cached.ts'
import { newest } from './latest.ts'
import { type Html, inLanguage, type Paper, page, paper } from './pages.ts'
import { latestBlock, pathOf, signUpBox, withdrawal } from './stories.ts'
import { full } from './story.ts'
import { described } from './structured.ts'

/** Nothing else reaches the database: PostgreSQL refuses a NUL where SQLite finds nothing. */
const ID = ':id{[a-z0-9]{1,30}}'

/** Articles, and the short links that letters carry. */
export function articlePages(app: App, kept: MiddlewareHandler): Hono {
  const pages = new Hono()
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
  return pages
}

async function articlePage(app: App, everything: Paper, story: Story): Promise<Html> {
  const paper = inLanguage(everything, story.language)
  const also = (await intake.also(app.read, [story.id])).get(story.id)
  const original = await intake.originalOf(app.read, story)
  return page({
    ...paper,
    title: story.title,
    description: story.excerpt,
    path: pathOf(story),
    ...(original && { original }),
    picture: story.picture,
    story,
    data: described(paper, story),
    body: html`${full(story, paper, also)}
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

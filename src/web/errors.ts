import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { say, sentence } from '../locale.ts'
import type { Problem } from '../problem.ts'
import type { Site } from '../site.ts'
import * as site from '../site.ts'
import { newest } from './latest.ts'
import { type Html, type Paper, page, paper } from './pages.ts'
import { latestBlock } from './stories.ts'

/** What a refused request gets: what happened, what to do, and the latest news where it was news that was looked for. */
export async function problemPage(app: App, problem: Problem): Promise<Html> {
  const known = await paper(app)
  const { language } = known
  const lost = problem.status === 404
  const title = say(language, lost ? 'page.not-found' : 'page.refused')
  const text = problem.code === 'page-not-found' ? say(language, 'page.not-found-text') : sentence(language, problem)
  return notice(known, title, text, lost ? latestBlock(known, await newest(app, language)) : '')
}

/** What a bug or a lost database gets: it must not need what may be broken. */
export async function brokenPage(app: App): Promise<Html> {
  const known = await paper(app).catch(() => unknown(app))
  const { language } = known
  return notice(known, say(language, 'page.broken'), say(language, 'page.broken-text'), '')
}

function notice(paper: Paper, title: string, text: string, more: Html | ''): Html {
  const home = html`<p><a class="go" href="/">${say(paper.language, 'page.home')}</a></p>`
  return page({
    ...paper,
    title,
    robots: 'noindex',
    body: html`<header class="heading"><h1>${title}</h1><p class="standfirst">${text}</p>${home}</header>${more}`,
  })
}

/** The paper when its database cannot be read. */
function unknown(app: App): Paper {
  return {
    site: blank(app),
    language: 'ar',
    base: app.config.url,
    channels: [],
    logo: null,
    today: site.today(blank(app), instant(app.now())),
    signUp: false,
  }
}

function blank(app: App): Site {
  const name = app.config.name ?? 'نشرة'
  const nobody = { logo_id: null, sender: null, reply_to: null, report_to: null, postal_address: '' }
  const pages = { about: '', contact: '', privacy: '', imprint: '' }
  return {
    id: 1,
    name,
    tagline: '',
    accent: '#9b1c1c',
    language: 'ar',
    zone: 'UTC',
    version: 0,
    changed_at: instant(app.now()),
    ...nobody,
    ...pages,
  }
}

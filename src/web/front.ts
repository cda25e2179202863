import { Hono, type MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { type Instant, instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import { say } from '../locale.ts'
import { type Html, type Paper, page, paper, primary, sections } from './pages.ts'
import { nothing, opening, otherLanguages, paging, river, sectionBlock } from './stories.ts'
import { byLanguage, PAGE, pagesOf } from './streams.ts'

const NEW = 5 // a picture makes none of the others the lead

/** The front page. */
export function frontPage(app: App, kept: MiddlewareHandler): Hono {
  const pages = new Hono()
  pages.get('/', kept, async (c) => c.html(await front(app, await paper(app))))
  return pages
}

async function front(app: App, paper: Paper): Promise<Html> {
  const now = instant(app.now())
  const [stories, total] = await Promise.all([articles.latest(app.read, { now, limit: PAGE }), pagesOf(app, {})])
  const { own, others } = byLanguage(paper, stories)
  const pinned = await pinnedStory(app, now)
  const lead = pinned ?? own.slice(0, NEW).find(pictured) ?? own[0]
  const beside = own.filter(({ id }) => id !== lead?.id).slice(0, 3)
  const rest = own.filter((story) => story.id !== lead?.id && !beside.includes(story))
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

/** The story that an editor has lead the page, wherever it would stand else. */
async function pinnedStory(app: App, now: Instant): Promise<Story | undefined> {
  const pin = await articles.pinned(app.read, now)
  return pin && articles.find(app.read, pin.public_id, now)
}

function pictured(story: Story): boolean {
  return story.picture !== null || story.image_url !== null
}

/** A block per section with what is older than the page's last story, where there is enough of it. */
async function blocks(app: App, paper: Paper, last: Story | undefined): Promise<Html | ''> {
  if (!last) return ''
  const tongue = primary(paper.language)
  const own = sections(paper).filter(({ language }) => language === null || primary(language) === tongue)
  const groups = await Promise.all(
    own.slice(0, 12).map(async (channel) => ({
      channel,
      stories: await articles.latest(app.read, {
        filter: await channels.sized(app.read, channels.filterOf(channel)),
        now: instant(app.now()),
        limit: 3,
        before: last,
      }),
    })),
  )
  const found = groups
    .filter(({ stories }) => stories.length > 1)
    .slice(0, 5)
    .map(({ channel, stories }) => sectionBlock(paper, channel, stories))
  return found.length > 0 ? html`<div class="blocks">${found}</div>` : ''
}

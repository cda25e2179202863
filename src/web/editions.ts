import { Hono } from 'hono'
import { html } from 'hono/html'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import { longDate, say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { cached } from './cached.ts'
import { foreign, type Html, inLanguage, type Paper, page, paper } from './pages.ts'
import { bare, river, signUpBox } from './stories.ts'

const SHOWN = 200
const DATED = / · [\u2066-\u2069]*\d\d\/\d\d\/\d{4}[\u2066-\u2069]*$/u // as subjects end, and as each day's heading says

type Listed = Awaited<ReturnType<typeof digests.editions>>[number]

/** The archive of digests: every edition as the web shows it, without personal links. */
export function editionPages(app: App): Hono {
  const pages = new Hono()
  pages.get('/editions', cached, async (c) =>
    c.html(archive(await paper(app), await digests.editions(app.read, SHOWN))),
  )
  pages.get('/editions/:digest{[a-z0-9-]{1,60}}/:day{[0-9]{4}-[0-9]{2}-[0-9]{2}}', cached, async (c) => {
    const found = await digests.editionPage(app.read, c.req.param('digest'), c.req.param('day'))
    if (!found) throw new Problem('page-not-found')
    return c.html(edition(inLanguage(await paper(app), found.language), found))
  })
  return pages
}

function archive(paper: Paper, editions: Listed[]): Html {
  const { language } = paper
  const days = [...Map.groupBy(editions, (edition) => edition.day)].map(
    ([day, those]) => html`<li>
<h2><time datetime="${day}">${longDate(Temporal.PlainDate.from(day), language)}</time></h2>
${those.map((edition) => entry(inLanguage(paper, edition.language), language, edition))}
</li>`,
  )
  return page({
    ...paper,
    title: say(language, 'page.editions'),
    path: '/editions',
    body: html`<div class="text">
<h1>${say(language, 'page.editions')}</h1>
${days.length > 0 ? html`<ol class="archive">${days}</ol>` : html`<p>${say(language, 'page.editions-none')}</p>`}
</div>
${signUpBox(paper)}`,
  })
}

/** One edition in the archive, in its own language where we speak it. */
function entry({ language }: Paper, around: string, listed: Listed): Html {
  const { digest, title, day, subject, stories } = listed
  const own = foreign(listed.language, language)
  return html`<div${foreign(language, around)}>
<p class="digest"${own}><a href="/editions/${digest}/${day}">${title}</a></p>
<p class="excerpt"${own}>${subject.replace(DATED, '')}</p>
<p class="date">${say(language, 'page.stories', { n: stories })}</p>
</div>`
}

function edition(paper: Paper, { digest, edition, day, stories, headlines }: digests.EditionPage): Html {
  const { language } = paper
  return page({
    ...paper,
    title: `${digest.title} · ${longDate(Temporal.PlainDate.from(day), language)}`,
    ...(edition.subject && { description: edition.subject }),
    path: `/editions/${digest.slug}/${day}`,
    picture: stories.find((story) => story.withdrawn_at === null && story.picture)?.picture ?? null,
    body: html`<header class="heading">
<p class="section"><a href="/editions" dir="auto">${digest.title}</a></p>
<h1><time datetime="${day}">${longDate(Temporal.PlainDate.from(day), language)}</time></h1>
</header>
${river(paper, stories, 'h2')}
${headlines.length > 0 && html`<section class="latest"><h2 class="rule">${say(language, 'page.also')}</h2>${bare(paper, headlines)}</section>`}
${signUpBox(paper)}`,
  })
}

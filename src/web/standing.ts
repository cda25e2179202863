import { Hono } from 'hono'
import { html, raw } from 'hono/html'
import type { App } from '../app.ts'
import { say } from '../locale.ts'
import type { StandingPage } from '../site.ts'
import * as site from '../site.ts'
import { clean } from '../text.ts'
import { cached } from './cached.ts'
import { type Html, type Paper, page, paper } from './pages.ts'

/** What the paper says of itself: about, contact, privacy, imprint; each as long as it is set. */
export function standingPages(app: App): Hono {
  const pages = new Hono()
  for (const name of site.standingPages) {
    pages.get(`/${name}`, cached, async (c) => {
      const known = await paper(app)
      return known.site[name] ? c.html(standingPage(known, name)) : c.notFound()
    })
  }
  return pages
}

function standingPage(paper: Paper, name: StandingPage): Html {
  const title = say(paper.language, `standing.${name}`)
  return page({
    ...paper,
    title,
    path: `/${name}`,
    body: html`<article class="text">
<h1>${title}</h1>
<div class="body">${raw(clean(paper.site[name]))}</div>
</article>`,
  })
}

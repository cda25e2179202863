import { html } from 'hono/html'
import { direction, say, sentence } from '../locale.ts'
import type { List } from '../subscribers/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { escaped } from '../text.ts'
import { zoneScript } from './assets.ts'
import { head } from './head.ts'
import type { Html, Paper } from './pages.ts'
import { addressField, type Form, whichList } from './reader-pages.ts'

/** The sign-up form alone, for a frame in another site's page. */
export function embedPage(paper: Paper, language: string, form: Form): Html {
  const { problem } = form
  if (form.lists.length === 0) return bare(paper, language, html`<p>${say(language, 'reader.none')}</p>`)
  return bare(
    paper,
    language,
    html`<h1>${say(language, 'reader.subscribe')}</h1>
${problem && html`<p class="mistake" role="alert" id="mistake">${sentence(language, problem)}</p>`}
<form method="post" action="/subscribe/embed">
${whichList(language, form)}
${addressField(language, form)}
<input type="hidden" name="zone" id="zone" value="">
<p class="small">${subscribers.agreement(language, paper.site)}</p>
<p><button type="submit">${say(language, 'reader.press')}</button></p>
</form>
<script src="${zoneScript}" defer></script>`,
  )
}

/** What the frame says to everybody who has sent the form. */
export function embedSentPage(paper: Paper, language: string, atOnce = false): Html {
  const [title, text] = atOnce
    ? (['reader.sent-at-once', 'reader.sent-at-once-text'] as const)
    : (['reader.sent', 'reader.sent-text'] as const)
  return bare(paper, language, html`<h1>${say(language, title)}</h1><p>${say(language, text)}</p>`)
}

function bare(paper: Paper, language: string, body: Html): Html {
  const title = say(language, 'reader.subscribe')
  return html`<!doctype html>
<html lang="${language}" dir="${direction(language)}">
${head({ ...paper, language, title, robots: 'noindex', body: '' as unknown as Html })}
<body class="embed">
<main class="text reader" aria-label="${title}">
${body}
<p class="small"><a href="${paper.base}" target="_top"><bdi>${paper.site.name}</bdi></a></p>
</main>
</body>
</html>
`
}

/**
 * What another site puts into its pages: a form of its own to style, which leads to ours with the address filled in, or a
 * frame that holds ours. Neither needs a script.
 */
export function snippets(
  base: string,
  list: Pick<List, 'slug' | 'title'>,
  language: string,
): { form: string; frame: string } {
  const query = new URLSearchParams({ list: list.slug, lang: language })
  const title = escaped(say(language, 'reader.subscribe'))
  return {
    form: `<form action="${escaped(base)}/subscribe" method="post" accept-charset="utf-8" lang="${language}" dir="${direction(language)}">
  <input type="hidden" name="list" value="${list.slug}">
  <input type="hidden" name="lang" value="${language}">
  <label>${escaped(say(language, 'reader.address'))} <input type="email" name="email" required maxlength="254" autocomplete="email" dir="ltr"></label>
  <input type="text" name="subject" tabindex="-1" autocomplete="off" hidden>
  <button type="submit">${escaped(say(language, 'reader.press'))}</button>
</form>`,
    frame: `<iframe src="${escaped(`${base}/subscribe/embed?${query}`)}" title="${title}: ${escaped(list.title)}" width="100%" height="420" style="border:0" loading="lazy"></iframe>`,
  }
}

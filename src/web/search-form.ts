import { html } from 'hono/html'
import { say } from '../locale.ts'
import type { Html } from './pages.ts'

/** Letters of a query that are read. */
export const LONGEST = 200

/** Asks what to look for; with `query` it is the search page's own, without it the small one of every page. */
export function searchForm(language: string, query?: string): Html {
  const label = say(language, 'search.label')
  return html`<form class="search${query !== undefined && ' large'}" action="/search" role="search">
<label for="q"${query === undefined && html` class="unseen"`}>${label}</label>
<input id="q" type="search" name="q" value="${query ?? ''}" maxlength="${LONGEST}" dir="auto" autocomplete="off" enterkeyhint="search" required>
<button>${say(language, 'search.press')}</button>
</form>`
}

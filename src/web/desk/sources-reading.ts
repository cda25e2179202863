import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { machine } from './sources-words.ts'

type DateRead = { raw: string; at?: string; how: string }

/** Some dates as they stood and as they were read. */
export function datesRead(visit: Visit, dates: readonly DateRead[]): Html | '' {
  const { language } = visit
  if (dates.length === 0) return ''
  return html`<h3>${say(language, 'desk.sources-dates')}</h3><div class="wide" role="region" aria-label="${say(language, 'desk.sources-dates')}" tabindex="0"><table class="rows"><thead><tr><th scope="col">${say(language, 'desk.sources-date-raw')}</th><th scope="col">${say(language, 'desk.sources-date-read')}</th><th scope="col">${say(language, 'desk.sources-date-how')}</th></tr></thead>
<tbody>${dates.map(({ raw, at, how }) => html`<tr><td><bdi>${raw}</bdi></td><td>${at === undefined ? say(language, 'desk.sources-date-not') : momentOf(visit, Date.parse(at) as Instant)}</td><td>${machine(how)}</td></tr>`)}</tbody></table></div>`
}

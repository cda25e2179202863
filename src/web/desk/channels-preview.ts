import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import * as channels from '../../channels.ts'
import { direction, say, sentence } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { read } from './channels-form.ts'
import { momentOf } from './moments.ts'
import type { Answer, Visit } from './routes.ts'

const SHOWN = 10
const COUNTED = 1000

/** What a form holds as a piece of its page: for htmx, while one types. */
export async function answerPreview(visit: Visit): Answer {
  return passing(visit, read(visit).filter)
}

/** The stories that pass a filter: how many, and the newest. What cannot be a filter says so instead. */
export async function preview(visit: Visit, filter: channels.Filter): Promise<Html> {
  return html`<section class="preview"><h2>${say(visit.language, 'desk.channels-preview')}</h2><div id="passing" aria-live="polite">${await passing(visit, filter)}</div></section>`
}

async function passing(visit: Visit, asked: channels.Filter): Promise<Html> {
  const { app, language } = visit
  try {
    const now = instant(app.now())
    const filter = await channels.sized(app.read, channels.checkedFilter(asked))
    const n = await articles.count(app.read, { filter, now, most: COUNTED })
    const stories = await articles.latest(app.read, { filter, now, limit: SHOWN })
    return html`<p>${say(language, n > COUNTED ? 'desk.channels-passing-many' : 'desk.channels-passing', { n: Math.min(n, COUNTED) })}</p>
<ol class="plain found">${stories.map((story) => html`<li><span lang="${story.language}" dir="${direction(story.language)}">${story.title}</span> <span class="small">${momentOf(visit, story.published_at)}${story.section && html` · <bdi>${story.section}</bdi>`}</span></li>`)}</ol>`
  } catch (error) {
    if (error instanceof Problem) return html`<p class="mistake">${sentence(language, error)}</p>`
    throw error
  }
}

/** What has a form show its preview while one types; without JavaScript its button does. */
export function live({ language }: Visit): Html {
  return html`<div class="deeds" hx-post="/admin/channels/new/preview" hx-trigger="input delay:300ms from:'closest form'" hx-target="#passing" hx-sync="this:replace"><button type="submit">${say(language, 'desk.channels-save')}</button>
<button class="second" type="submit" name="look" value="1" formnovalidate>${say(language, 'desk.channels-look')}</button></div>`
}

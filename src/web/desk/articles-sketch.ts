import { html } from 'hono/html'
import * as articles from '../../articles/index.ts'
import { say } from '../../locale.ts'
import * as site from '../../site.ts'
import * as writing from '../../writing.ts'
import type { Html } from '../pages.ts'
import { articleOf } from './articles-doing.ts'
import type { Sheet } from './articles-form.ts'
import { framedStory, storyOf } from './articles-preview.ts'
import { ROOM } from './articles-states.ts'
import { filled, sketchIn, typedIn } from './articles-typed.ts'
import type { Answer, Route, Visit } from './routes.ts'

const LONGEST = 16 * 1024 * 1024 // bytes of a form with the longest text, percent-encoded
const FRAME = 'preview'

/** What is being written as readers will see it, in a frame: kept as a draft, or as it stands in the form. */
export const sketchRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/drafts/:draft/preview`, allow: 'article.write', framed: true, answer: kept },
  {
    method: 'POST',
    path: `${ROOM}/preview`,
    allow: 'article.write',
    framed: true,
    takes: { form: LONGEST },
    answer: typed,
  },
]

async function kept(visit: Visit): Answer {
  const { app, params } = visit
  const draft = await writing.find(app.read, params['draft']!)
  const [article] = draft.article_id === null ? [] : await articles.byIds(app.read, [draft.article_id])
  return sketch(visit, filled(draft.typed), article)
}

async function typed(visit: Visit): Answer {
  const { form } = visit
  const article = form.get('article') ? await articleOf(visit, form.get('article')!) : undefined
  return sketch(visit, typedIn(form), article)
}

async function sketch(visit: Visit, typed: writing.Typed, article?: articles.Story): Promise<Response> {
  const { zone } = await site.show(visit.app, visit.app.read)
  const said = await sketchIn(visit, typed, zone, article && articles.saidBy(article, article))
  return framedStory(visit, await storyOf(visit, said, article))
}

/** The button that shows what stands in the form, in the frame below it; a picture's file is not sent for that. */
export function sketchButton({ language }: Visit): Html {
  return html`<button class="second" type="submit" formaction="${ROOM}/preview" formtarget="${FRAME}" formenctype="application/x-www-form-urlencoded" formnovalidate>${say(language, 'desk.articles-preview')}</button>`
}

/** The frame, which begins with what was kept last. */
export function sketchFrame({ language }: Visit, { article, draft }: Sheet): Html {
  const path = draft ? `drafts/${draft.id}` : article?.public_id
  return html`<section class="sketch"><h2>${say(language, 'desk.articles-preview')}</h2><p class="small">${say(language, 'desk.articles-preview-hint')}</p>
<iframe class="letter" name="${FRAME}" sandbox="allow-popups allow-popups-to-escape-sandbox" loading="lazy"${path && html` src="${ROOM}/${path}/preview"`} title="${say(language, 'desk.articles-preview')}"></iframe></section>`
}

import { html } from 'hono/html'
import { instant, later } from '../../../db/instant.ts'
import { say } from '../../locale.ts'
import * as writing from '../../writing.ts'
import type { Html } from '../pages.ts'
import type { Sheet } from './articles-form.ts'
import { ROOM } from './articles-states.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'

/** What is to be known before one writes: other drafts of this article, a change that came after this draft was begun. */
export async function notes(visit: Visit, { article, draft, base }: Sheet): Promise<Html> {
  const { app, language } = visit
  const drafts = article ? (await writing.about(app.read, article.id)).filter((one) => one.public_id !== draft?.id) : []
  const behind = article && draft && base !== undefined && base !== article.fingerprint
  return html`${
    behind &&
    html`<div class="told" role="status"><p>${say(language, 'desk.articles-behind')} <a href="${ROOM}/${article.public_id}">${say(language, 'desk.articles-as-it-stands')}</a></p></div>`
  }${
    drafts.length > 0 &&
    html`<div class="told"><p>${say(language, 'desk.articles-drafts-about')}</p><ul class="plain">${drafts.map(
      (one) =>
        html`<li><a href="${ROOM}/drafts/${one.public_id}"><bdi>${one.author}</bdi> · ${momentOf(visit, one.saved_at)}</a></li>`,
    )}</ul></div>`
  }${draft && html`<form class="drop" method="post" action="${ROOM}/drafts/${draft.id}/drop">${hidden(visit)}<button class="plain" type="submit">${say(language, 'desk.articles-drop')}</button></form>`}`
}

const LATELY = 30 * 60_000 // ms in which somebody who saved is still at it

/** What others do with this article while one writes: that it was changed, or that somebody else is writing, too. */
export async function meanwhile(visit: Visit, { article, base }: Sheet, own: string): Promise<Html | ''> {
  const { app, account, language } = visit
  if (!article) return ''
  if (base !== undefined && base !== article.fingerprint)
    return html` <b>${say(language, 'desk.articles-changed-now')}</b> <a href="${ROOM}/${article.public_id}" target="_blank">${say(language, 'desk.articles-as-it-stands')}</a>`
  const since = later(instant(app.now()), -LATELY)
  const other = (await writing.about(app.read, article.id)).find(
    (one) => one.public_id !== own && one.account_id !== account.id && one.saved_at > since,
  )
  return other ? html` <b>${say(language, 'desk.articles-writes-too', { name: other.author })}</b>` : ''
}

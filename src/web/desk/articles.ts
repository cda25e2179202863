import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { deedForm, deedRoutes, keptOf } from './articles-deeds.ts'
import { draftTable } from './articles-drafts.ts'
import { editorRoutes } from './articles-editor.ts'
import { pageRoutes } from './articles-page.ts'
import { pinRoutes } from './articles-pin.ts'
import { previewRoutes } from './articles-preview.ts'
import { ROOM, stateIn, tabs } from './articles-states.ts'
import { articleFilters, articleTable } from './articles-table.ts'
import { withdrawRoutes } from './articles-withdraw.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { toldHere } from './told.ts'

/** The articles: found, written, taken back. */
export const articleRoutes: Route[] = [
  { method: 'GET', path: ROOM, allow: 'article.read', answer: room },
  ...editorRoutes,
  ...deedRoutes,
  ...withdrawRoutes,
  ...pinRoutes,
  ...previewRoutes,
  ...pageRoutes,
]

async function room(visit: Visit): Answer {
  const { language, roles } = visit
  const state = stateIn(visit)
  const writes = accounts.may(roles, 'article.write')
  const rows = state === 'draft' ? await draftTable(visit) : await articleTable(visit, state === 'waiting' ? '' : state)
  return deskPage(
    visit,
    say(language, 'desk.articles'),
    html`${tabs(visit, state)}${toldHere(visit, `${ROOM}/undo?back=${encodeURIComponent(keptOf(visit.query))}`)}
${writes && html`<p><a class="act" href="${ROOM}/new">${say(language, 'desk.articles-new')}</a></p>`}
${await articleFilters(visit)}
${writes && state !== 'draft' && state !== 'waiting' && deedForm(visit)}
${rows}`,
  )
}

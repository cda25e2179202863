import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { deedForm, deedRoutes } from './articles-deeds.ts'
import { draftTable } from './articles-drafts.ts'
import { editorRoutes } from './articles-editor.ts'
import { pageRoutes } from './articles-page.ts'
import { pictureRoutes } from './articles-pictures.ts'
import { pinRoutes } from './articles-pin.ts'
import { previewRoutes } from './articles-preview.ts'
import { judgeForm, reviewRoutes, waitingTable } from './articles-review.ts'
import { sketchRoutes } from './articles-sketch.ts'
import { keptOf, ROOM, type State, stateIn, tabs } from './articles-states.ts'
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
  ...reviewRoutes,
  ...pictureRoutes,
  ...withdrawRoutes,
  ...pinRoutes,
  ...previewRoutes,
  ...sketchRoutes,
  ...pageRoutes,
]

async function room(visit: Visit): Answer {
  const { language, roles, query } = visit
  const state = stateIn(visit)
  const writes = accounts.may(roles, 'article.write')
  return deskPage(
    visit,
    say(language, 'desk.articles'),
    html`${tabs(visit, state)}${toldHere(visit, `${ROOM}/undo?back=${encodeURIComponent(keptOf(query))}`)}
${writes && html`<p><a class="act" href="${ROOM}/new">${say(language, 'desk.articles-new')}</a></p>`}
${await articleFilters(visit)}
${await rowsOf(visit, state, writes)}`,
  )
}

/** The rows of a state, and what may be done with them. */
function rowsOf(visit: Visit, state: State, writes: boolean): Promise<Html> {
  if (state === 'draft') return draftTable(visit)
  if (state === 'waiting') return waitingTable(visit, writes && judgeForm(visit))
  return articleTable(visit, state, writes && deedForm(visit, state))
}

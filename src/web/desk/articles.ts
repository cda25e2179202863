import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The articles: found, written, taken back. */
export const articleRoutes: Route[] = [{ method: 'GET', path: '/admin/articles', allow: 'article.read', answer: room }]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.articles'), html``)
}

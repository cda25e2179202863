import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The lists that readers join. */
export const listRoutes: Route[] = [
  { method: 'GET', path: '/admin/lists', allow: 'list.read', list: 'any', answer: room },
]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.lists'), html``)
}

import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The first steps: a site or a first article, a name, a sender, a first digest. */
export const startRoutes: Route[] = [
  { method: 'GET', path: '/admin/start', allow: 'desk.read', list: 'any', answer: room },
]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.start'), html``)
}

import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The digests: when they go out, what they will hold, what became of each edition. */
export const digestRoutes: Route[] = [
  { method: 'GET', path: '/admin/digests', allow: 'digest.read', list: 'any', answer: room },
]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.digests'), html``)
}

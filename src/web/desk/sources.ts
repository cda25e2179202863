import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The sources: sites that are read. */
export const sourceRoutes: Route[] = [{ method: 'GET', path: '/admin/sources', allow: 'source.read', answer: room }]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.sources'), html``)
}

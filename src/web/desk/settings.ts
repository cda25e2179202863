import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** What the site is called, who sends its letters and how. */
export const settingsRoutes: Route[] = [
  { method: 'GET', path: '/admin/settings', allow: 'settings.read', answer: room },
]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.settings'), html``)
}

import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The readers: found, brought in, told apart. */
export const readerRoutes: Route[] = [
  { method: 'GET', path: '/admin/readers', allow: 'reader.read', list: 'any', answer: room },
]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.readers'), html``)
}

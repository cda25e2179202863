import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** The channels: which articles each takes, and whether its feeds are well. */
export const channelRoutes: Route[] = [{ method: 'GET', path: '/admin/channels', allow: 'channel.read', answer: room }]

async function room(visit: Visit): Answer {
  return deskPage(visit, say(visit.language, 'desk.channels'), html``)
}

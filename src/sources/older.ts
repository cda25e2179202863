import type { Actor, App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import { ACCEPT, type Outcome, understood } from './asking.ts'
import { oneAtATime } from './gate.ts'
import type { Hold } from './hosts.ts'
import type { Source } from './source.ts'

/** Which page comes next, and which have been read, so that a feed which leads in a circle is not gone round. */
type Cursor = { next: string; seen: string[] }

const MOST_PAGES = 100
const PATIENCE = 3 // failures in a row, then the newest page is followed without the rest

/** Takes the next, older page of a feed (RFC 5005): a turn a page, so that a kill costs one and others get their turn. */
export async function askOlder(
  app: App,
  actor: Actor,
  source: Source,
  hold: Hold,
  signal: AbortSignal,
): Promise<Outcome> {
  const { next, seen } = JSON.parse(source.cursor!) as Cursor
  const over: Outcome = { polled: { status: 'ok' }, cursor: null }
  if (source.failures >= PATIENCE) return over
  const answer = await fetching.get(app, next, { accept: ACCEPT, signal, entering: hold.enter })
  if (answer.status === 429 || answer.status >= 500)
    throw new Problem('fetch-failed', { host: new URL(next).host, reason: `an older page answers ${answer.status}` })
  if (answer.status !== 200) return over
  const document = await understood(app, source, answer)
  await oneAtATime(app, () =>
    intake.take(app, actor, source, {
      items: document.items,
      deleted: document.deleted,
      first: true,
      window: false,
    }),
  )
  const read = [...seen, next]
  if (!document.next || read.includes(document.next) || read.length > MOST_PAGES) return over
  return { polled: { status: 'ok', again: true }, cursor: JSON.stringify({ next: document.next, seen: read }) }
}

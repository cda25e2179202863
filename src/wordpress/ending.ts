import { type Instant, instant, later } from '../../db/instant.ts'
import type { Origin } from '../reading/index.ts'
import type { Polled } from '../sources/source.ts'
import type { Answer, Turn } from './asking.ts'
import { homeOf } from './root.ts'
import { note, type State } from './state.ts'
import { keep } from './taking.ts'

/** How a turn ends at an answer that does not help: to be tried again later, or, where the API is closed, from the start. */
export async function pausedBy(turn: Turn, state: State, answer: Answer): Promise<Polled> {
  if (answer.kind === 'closed' || answer.kind === 'missing') {
    state.phase = 'start'
    note(state, `the REST API closed: ${answer.reason}`)
    await keep(turn.app.db, turn, state)
  }
  return asPolled(answer)
}

/** An answer that does not help, as a poll's result. */
export function asPolled(answer: Answer): Polled {
  if (answer.kind === 'ok') return { status: 'error', error: 'what it answers cannot be read' }
  if (answer.kind !== 'busy') return { status: 'error', error: answer.reason }
  return { status: 'backoff', error: answer.reason, ...(answer.after && { retryAfter: answer.after }) }
}

/** What is known about the bytes of a site. */
export function originOf({ app, source }: Turn): Origin {
  return {
    url: homeOf(source.url),
    zone: source.zone ?? 'UTC',
    dateOrder: source.date_order as Origin['dateOrder'],
    now: instant(app.now()),
    ...(source.language && { language: source.language }),
    ...(source.charset && { charset: source.charset }),
  }
}

/** Whether that long has passed since. */
export function elapsed({ app }: Turn, at: Instant | undefined, milliseconds: number): boolean {
  return at === undefined || later(at, milliseconds) <= instant(app.now())
}

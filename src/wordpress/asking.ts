import { setTimeout as pause } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import { Problem } from '../problem.ts'
import type { Source } from '../sources/source.ts'
import { refusalIn } from './rest.ts'

/**
 * What a turn of mirroring works with. `entering` as a request has it. Once its time has `ended` and something was `kept` of
 * what it did, nothing more is asked.
 */
export type Turn = {
  app: App
  actor: Actor
  source: Source
  signal?: AbortSignal
  entering?: fetching.Wanted['entering']
  ended?: () => boolean
  kept?: boolean
  took?: Took
}

/** That a turn's time has ended: the next one goes on where it was. */
export class Ended extends Error {
  override name = 'Ended'
}

/** What a turn has brought so far. */
export type Took = { added: number; revised: number; held: number; also: number; withdrawn: number }

/**
 * What a site answered. `past`: beyond the last page; `busy`: it asks to be left alone (seconds, where it says); `closed`: it
 * does not let us in; `missing`: there is no such post, or not for us; `broken`: it failed over this; `large`: more than we
 * take at once; `silent`: nothing came.
 */
export type Answer =
  | { kind: 'ok'; body: Buffer; url: string; contentType: string; link: string; total: number | undefined }
  | { kind: 'busy'; after: number | undefined; reason: string }
  | { kind: 'past' | 'closed' | 'missing' | 'broken' | 'large' | 'silent'; reason: string }

const PAUSE = 300 // ms between two requests: a small site must not notice us
const PATIENCE = 15_000 // ms for an answer
const JSON_TYPE = 'application/json'
const MOST_BYTES = 4_000_000 // of a page of posts: to parse more would hold the others up
const CLOSED = [401, 403, 404, 405, 406, 410, 451]
const NO_SUCH_POST = ['rest_post_invalid_id', 'rest_forbidden', 'rest_forbidden_context', 'rest_cannot_read']

/** Asks a site for one document, after a pause. Throws `Ended` where the turn has no time left for it. */
export async function ask(turn: Turn, address: string, accept = JSON_TYPE): Promise<Answer> {
  const { app, signal, entering } = turn
  if (turn.kept && turn.ended?.()) throw new Ended()
  try {
    if (!isOurs(app, address)) await pause(PAUSE, undefined, { ...(signal && { signal }) })
    const { status, headers, body, url } = await fetching.get(app, address, {
      accept,
      patience: PATIENCE,
      ...(entering && { entering }),
      ...(accept === JSON_TYPE && { mostBytes: MOST_BYTES }),
      ...(signal && { signal }),
    })
    if (status >= 200 && status < 300) {
      const total = /^\d{1,9}$/.test(headers['x-wp-total'] ?? '') ? Number(headers['x-wp-total']) : undefined
      return { kind: 'ok', body, url, contentType: headers['content-type'] ?? '', link: headers['link'] ?? '', total }
    }
    return refused(turn, status, headers, body)
  } catch (error) {
    if (signal?.aborted) throw error
    if (!(error instanceof Problem)) throw error
    const reason = String(error.values['reason'] ?? error.code)
    return { kind: /larger than|no whole answer/.test(reason) ? 'large' : 'silent', reason }
  }
}

/** The address of posts with a question: `number` for one of them. */
export function posts(api: string, question: Record<string, string | number>, number?: number): string {
  const url = new URL(api)
  const route = url.searchParams.get('rest_route')
  if (number !== undefined && route !== null) url.searchParams.set('rest_route', `${route}/${number}`)
  else if (number !== undefined) url.pathname += `/${number}`
  for (const [name, value] of Object.entries(question)) url.searchParams.set(name, String(value))
  return url.href
}

function refused(turn: Turn, status: number, headers: Record<string, string>, body: Buffer): Answer {
  const code = body.length < 100_000 ? refusalIn(body) : ''
  const reason = `it answers ${status}${/^[\w-]+$/.test(code) ? ` (${code})` : ''}`
  if (status === 429 || status === 503) return { kind: 'busy', after: retryAfter(turn, headers['retry-after']), reason }
  if (status === 400 && code === 'rest_post_invalid_page_number') return { kind: 'past', reason }
  if (NO_SUCH_POST.includes(code) || (status === 410 && code !== '')) return { kind: 'missing', reason }
  return { kind: CLOSED.includes(status) ? 'closed' : 'broken', reason }
}

/** Seconds, from either form of Retry-After (RFC 9110 §10.2.3), at most a day. */
function retryAfter({ app }: Turn, header: string | undefined): number | undefined {
  if (!header) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - instant(app.now())) / 1000
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), 86_400) : undefined
}

/** A machine that the operator named as one of the house needs no politeness. */
function isOurs(app: App, address: string): boolean {
  const { hostname, port, protocol } = new URL(address)
  return app.config.fetchAllow.includes(`${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`)
}

import { Hono } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { App } from '../app.ts'
import * as deliveries from '../deliveries/index.ts'
import * as editions from '../editions.ts'
import { holds } from '../keys.ts'
import { Problem } from '../problem.ts'

/** How far an edition is; `rate` is letters per second of late, `seconds` until it is done at that rate. */
type Report = deliveries.Progress & { state: string; rate: number; seconds: number | null }

const EVERY = 1000 // ms
const WINDOW = 15 // looks that the rate is taken from
const WATCHERS = 20 // at once: each asks the database every second
const LONGEST = 12 * 3_600_000 // ms

/** Live counters of an edition as server-sent events (`progress`, each a JSON object), until it is done. */
export function progressPages(app: App): Hono {
  const pages = new Hono()
  let watchers = 0
  pages.get('/editions/:id{[a-z0-9]{11}}/progress', async (c) => {
    const edition = await editions.find(app.read, c.req.param('id')).catch(() => undefined)
    const token = c.req.query('token') ?? ''
    if (!edition || !holds(app.keys, token, 'watch', edition.id)) throw new Problem('page-not-found')
    if (watchers >= WATCHERS) throw new Problem('too-many-requests')
    watchers++
    c.header('Referrer-Policy', 'no-referrer')
    c.header('X-Accel-Buffering', 'no') // nginx would keep the lines back
    const answer = streamSSE(
      c,
      (stream) => tell(app, stream, edition.id).finally(() => watchers--),
      async (error) => app.log.warn('live counters have ended', { error }),
    )
    answer.headers.set('Cache-Control', 'no-store, private')
    return answer
  })
  return pages
}

async function tell(app: App, stream: SSEStreamingApi, id: number): Promise<void> {
  const seen: { at: number; done: number }[] = []
  const deadline = performance.now() + LONGEST
  while (!stream.aborted && !stream.closed && performance.now() < deadline) {
    const { state } = await app.read
      .selectFrom('edition')
      .select('state')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const counts = await deliveries.progress(app.read, id)
    const report: Report = { ...counts, state, ...pace(seen, counts) }
    await stream.writeSSE({ event: 'progress', data: JSON.stringify(report) })
    if (state === 'done' || state === 'skipped') return
    await stream.sleep(EVERY)
  }
}

/** When an edition was looked at, in ms of one clock, and how many letters were done then. */
export type Look = { at: number; done: number }

/** The pace of an edition from the looks at it of late, to which this one is added: letters a second, and seconds until it is done. */
export function pace(
  seen: Look[],
  { submitted, refused, skipped, waiting, uncertain }: deliveries.Progress,
  at = performance.now(),
): { rate: number; seconds: number | null } {
  const done = submitted + refused + skipped
  seen.push({ at, done })
  if (seen.length > WINDOW) seen.shift()
  const [first] = seen
  const seconds = (at - first!.at) / 1000
  const rate = seconds > 0 ? (done - first!.done) / seconds : 0
  return { rate: Math.round(rate * 10) / 10, seconds: rate > 0 ? Math.ceil((waiting + uncertain) / rate) : null }
}

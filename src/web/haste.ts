import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'

const SOON = 60_000 // ms in which a form has arrived
const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>()

/** Cuts a request off whose body has not arrived in time: `ms`, a minute where nothing is said. */
export function hurry(request: IncomingMessage, ms = SOON): void {
  if (!('content-length' in request.headers || 'transfer-encoding' in request.headers)) return
  clearTimeout(timers.get(request))
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy()
  }, ms).unref()
  timers.set(request, timer)
  request.once('close', () => clearTimeout(timer))
}

/** Gives this request `ms` from now on: for whom we know and who brings something large. */
export function allowTime(c: Context, ms: number): void {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  if (incoming && timers.has(incoming)) hurry(incoming, ms)
}

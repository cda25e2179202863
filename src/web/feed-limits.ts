import type { Poller } from './feed-pollers.ts'

const REFILL = 10_000 // ms for one request
const BURST = 60

/**
 * Takes one request of what a poller may ask: 0 if it may, else the whole seconds until it may again; those cost it nothing.
 *
 * Sixty at once and six a minute. A feed says that it is good for five minutes, so a program that keeps to it asks once in
 * that time: thirty readers of the same program and version behind one address still fit. The sixty let a reader that is
 * being set up, or started again and again, pass unseen.
 *
 * An address that is not public and that no proxy of ours forwarded is never limited: it may be a proxy that nobody named in
 * NASHRA_TRUST_PROXY, and then all readers would look like one. Nor is a named proxy that does not say for whom it asks.
 */
export function secondsToWait(poller: Poller): number {
  if (!poller.limited) return 0
  const now = performance.now()
  const wait = poller.fullAt - now - (BURST - 1) * REFILL
  if (wait > 0) return Math.ceil(wait / 1000)
  poller.fullAt = Math.max(poller.fullAt, now) + REFILL
  return 0
}

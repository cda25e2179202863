import type { Relay } from '../config.ts'

const ITS_TURNS = 500 // ms after which a turn that nobody took is not made up for

/** The domain of an address that was checked at the door. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/** How many letters per second a domain may get through a relay; undefined when as many as there are. */
export function rateOf({ domains }: Pick<Relay, 'domains'>, domain: string): number | undefined {
  return domains?.get(domain) ?? domains?.get('*')
}

/** How many letters of a domain one sender holds at most: what a slow line keeps back goes all at once when it moves. */
export function mostInHand(rate: number): number {
  return Math.max(1, Math.ceil((rate * ITS_TURNS) / 1000))
}

/** How many of `wanted` letters may go now to a domain whose next turn is at `next_at`, and when its next one is then. Milliseconds since 1970. */
export function granted(
  rate: number | undefined,
  next_at: number,
  wanted: number,
  now: number,
): { n: number; next_at: number } {
  if (rate === undefined) return { n: wanted, next_at }
  const interval = 1000 / rate
  const believed = next_at <= now + Math.max(60_000, 2 * interval) ? next_at : now // another machine's clock may be ahead
  const from = believed < now - ITS_TURNS ? now : believed
  const n = from > now ? 0 : Math.min(wanted, Math.floor((now - from) / interval) + 1)
  return { n, next_at: Math.round(from + n * interval) }
}

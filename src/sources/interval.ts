import type { Fetched } from '../fetching/index.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const WEEK = 7 * DAY
const SHORTEST = 5 * MINUTE
const MOST_ASKED = DAY // what a feed or a cache may ask for: a slip there shall not silence a source for a year
const MOST_RETRY_AFTER = 7 * DAY
const LEAST_SPAN = 360 * MINUTE // one story of this minute is no flood
const LOOKS = 7 // within the usual gap between two stories

/**
 * How long to leave a source alone, in ms: a seventh of the usual gap between its stories, from 5 minutes to a day, but no
 * less than its ttl and its caching headers ask.
 */
export function usual(perWeek: number, asked: number): number {
  const gap = perWeek > 0 ? WEEK / perWeek : WEEK
  return Math.round(Math.max(between(SHORTEST, gap / LOOKS, DAY), Math.min(asked, MOST_ASKED)))
}

/** How long after so many failures in a row: 5 minutes, then twice that each time, up to a day. */
export function afterFailures(failures: number): number {
  return between(SHORTEST, SHORTEST * 2 ** (failures - 1), DAY)
}

/** A little longer by chance, never shorter, so that sources which were added together are not polled together for ever. */
export function jittered(pause: number): number {
  return Math.round(pause * (1 + Math.random() * 0.1))
}

/** What Cache-Control or Expires ask for (RFC 9111 §4.2.1), in ms; 0 where they ask nothing. */
export function freshness({ headers }: Pick<Fetched, 'headers'>, now: number): number {
  const [, seconds] = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,12})/i.exec(headers['cache-control'] ?? '') ?? []
  if (/(?:^|[\s,])no-(cache|store)\b/i.test(headers['cache-control'] ?? '')) return 0
  if (seconds !== undefined) return Math.max(0, (Number(seconds) - (Number(headers['age']) || 0)) * 1000)
  const expires = date(headers['expires'])
  return expires === undefined ? 0 : Math.max(0, expires - (date(headers['date']) ?? now))
}

/** What Retry-After asks for, in ms and at most a week: seconds or a date (RFC 9110 §10.2.3). Undefined for none or a past one. */
export function retryAfter({ headers }: Pick<Fetched, 'headers'>, now: number): number | undefined {
  const value = headers['retry-after']?.trim() ?? ''
  const pause = /^\d{1,12}$/.test(value) ? Number(value) * 1000 : (date(value) ?? now) - now
  return pause > 0 ? Math.min(pause, MOST_RETRY_AFTER) : undefined
}

/** How many stories of a document fall into a week, by the dates of those of the last month; undefined where none has a date. */
export function weekly(dates: number[], now: number): number | undefined {
  if (dates.length === 0) return undefined
  const recent = dates.filter((date) => date > now - 4 * WEEK && date <= now)
  const oldest = recent.reduce((least, date) => Math.min(least, date), now - LEAST_SPAN)
  return (recent.length * WEEK) / (now - oldest)
}

/** An HTTP date; what `Date.parse` makes of other texts, such as a bare number, is none. */
function date(value = ''): number | undefined {
  const at = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

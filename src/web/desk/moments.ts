import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { clockTime, shortDate } from '../../locale.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import type { Asking } from './routes.ts'

/** A moment in the visitor's own zone, or in the one that is named with it. */
export function momentOf(
  { zone, language }: Pick<Asking, 'zone' | 'language'>,
  at: Instant | null,
  where?: string,
): Html {
  if (at === null) return html`<span>—</span>`
  return html`<time dir="ltr" datetime="${new Date(at).toISOString()}">${shortDate(at, where ?? zone, language)} ${clockTime(at, where ?? zone)}</time>${where && html` <bdi class="small">${city(where, language)}</bdi>`}`
}

/** What a field of type datetime-local shows for a moment in this zone. */
export function fieldMoment(at: Instant, zone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
}

/** The day and minute that such a field holds, as a moment in this zone; undefined for what is none. */
export function readMoment(text: string, zone: string): Instant | undefined {
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds as Instant
  } catch {
    return undefined
  }
}

/** How long until then, in words: “in 3 hours”. */
export function fromNow({ app, language }: Pick<Asking, 'app' | 'language'>, at: Instant): string {
  const minutes = Math.round((at - app.now().epochMilliseconds) / 60_000)
  const format = new Intl.RelativeTimeFormat(`${language}-u-nu-latn`, { numeric: 'auto' })
  if (Math.abs(minutes) < 60) return format.format(minutes, 'minute')
  if (Math.abs(minutes) < 48 * 60) return format.format(Math.round(minutes / 60), 'hour')
  return format.format(Math.round(minutes / 1440), 'day')
}

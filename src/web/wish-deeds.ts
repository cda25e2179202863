import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'

const LONGEST_PAUSE = 366 // days

/** Does as a reader wishes with the letters of one list; what is undefined stays. */
export async function prefer(
  app: App,
  standing: subscribers.Standing,
  wishes: Partial<subscribers.Wishes>,
): Promise<void> {
  const { zone, minute, weekdays, ...looks } = wishes
  await subscribers.prefer(app, standing, looks)
  await digests.prefer(app, 'reader', standing.subscription.id, {
    ...(zone !== undefined && { zone }),
    ...(minute !== undefined && { at: minute === null ? null : subscribers.timeOf(minute) }),
    ...(weekdays !== undefined && { weekdays }),
  })
}

/** Where the reader's days begin. */
export async function zoneOf(app: App, { subscription }: subscribers.Standing): Promise<string> {
  return subscription.zone ?? digests.homeOf(app.read, subscription.id)
}

/** Sends nothing until a day (`yyyy-mm-dd`) begins where the reader is, or begins again at once (null). */
export async function pause(
  app: App,
  standing: subscribers.Standing,
  zone: string,
  pausedUntil: string | null,
): Promise<void> {
  if (pausedUntil !== null) check(pausedUntil, app.now().toZonedDateTimeISO(zone).toPlainDate())
  await digests.prefer(app, 'reader', standing.subscription.id, { pausedUntil })
}

/** That it is a day at all is checked where it is kept. */
function check(text: string, today: Temporal.PlainDate): void {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
  if (year === undefined || month === '00' || day === '00') throw new Problem('bad-pause')
  const until = Temporal.PlainDate.from({ year: Number(year), month: Number(month), day: Number(day) })
  const { days } = today.until(until, { largestUnit: 'day' })
  if (days < 1 || days > LONGEST_PAUSE) throw new Problem('bad-pause')
}

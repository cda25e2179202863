import { type Instant, instant, moment } from '../../db/instant.ts'

/** An hour of some weekdays in a zone: `minute` of the local day, `weekdays` as bits (bit 0 = Monday). */
export type Hour = { zone: string; minute: number; weekdays: number }

/** Whether there is such an hour at all: what stands in a database may have been damaged, and zones are renamed. */
export function isHour({ zone, minute, weekdays }: Hour): boolean {
  const whole = (number: number, least: number, most: number) =>
    Number.isInteger(number) && number >= least && number <= most
  if (!whole(minute, 0, 1439) || !whole(weekdays, 1, 127)) return false
  try {
    return moment(0 as Instant).toZonedDateTimeISO(zone) !== undefined
  } catch {
    return false
  }
}

/** Whether a day is one of the weekdays. */
export function falls({ weekdays }: Pick<Hour, 'weekdays'>, day: Temporal.PlainDate): boolean {
  return (weekdays & (1 << (day.dayOfWeek - 1))) !== 0
}

/** How many days lie between two of the weekdays at most: 1 for every day, 3 for Monday to Friday, 7 for one day a week. */
export function spacing(weekdays: number): number {
  const days = [...Array(14).keys()].filter((day) => weekdays & (1 << (day % 7)))
  return days.reduce((most, day, index) => Math.max(most, day - (days[index - 1] ?? day)), 1)
}

/** A local day and the moment at which its hour comes. */
export type Occurrence = { on: string; at: Instant }

/**
 * When the hour comes on a local day. A day has its hour once, whatever the clocks do: one that is skipped in spring comes
 * with the first minute after it, one that is there twice in autumn is the first of the two.
 */
function occurrence(hour: Hour, day: Temporal.PlainDate): Occurrence {
  const time = Temporal.PlainTime.from({ hour: Math.floor(hour.minute / 60), minute: hour.minute % 60 })
  const wanted = day.toPlainDateTime(time)
  const found = wanted.toZonedDateTime(hour.zone) // as much later as the clocks jumped, where it is skipped
  const jumped = found.toPlainDateTime().equals(wanted) ? undefined : jumpBefore(hour.zone, wanted)
  return { on: day.toString(), at: instant((jumped ?? found).toInstant()) }
}

function jumpBefore(zone: string, skipped: Temporal.PlainDateTime): Temporal.ZonedDateTime | undefined {
  return skipped.toZonedDateTime(zone, { disambiguation: 'earlier' }).getTimeZoneTransition('next') ?? undefined
}

/** The first occurrence after a moment. */
export function next(hour: Hour, after: Instant): Occurrence {
  return nearest(hour, localDay(hour, after).subtract({ days: 1 }), 1, (found) => found.at > after)
}

/** The last occurrence at or before a moment. */
export function latest(hour: Hour, until: Instant): Occurrence {
  return nearest(hour, localDay(hour, until).add({ days: 1 }), -1, (found) => found.at <= until)
}

function nearest(
  hour: Hour,
  start: Temporal.PlainDate,
  step: 1 | -1,
  fits: (found: Occurrence) => boolean,
): Occurrence {
  for (let day = start, tries = 0; tries < 10; tries++, day = day.add({ days: step })) {
    if (!falls(hour, day)) continue
    const found = occurrence(hour, day)
    if (fits(found)) return found
  }
  throw new Error(`an hour without weekdays: ${JSON.stringify(hour)}`)
}

/** The calendar day of a moment where the hour is. */
export function localDay(hour: Pick<Hour, 'zone'>, at: Instant): Temporal.PlainDate {
  return moment(at).toZonedDateTimeISO(hour.zone).toPlainDate()
}

import type { Instant } from '../../db/instant.ts'
import { moment } from '../../db/instant.ts'

/** The month of a moment where the paper is, as `yyyy-mm`. */
export function monthOf(at: Instant, zone: string): string {
  return moment(at).toZonedDateTimeISO(zone).toPlainDate().toPlainYearMonth().toString()
}

/** When a month begins and when the next one does; undefined for what is not one of the years 1000 to 9999. */
export function monthRange(month: string, zone: string): { from: Instant; to: Instant } | undefined {
  if (!/^[1-9]\d{3}-(0[1-9]|1[0-2])$/.test(month)) return undefined
  const first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 })
  const start = (day: Temporal.PlainDate) => day.toZonedDateTime(zone).epochMilliseconds as Instant
  return { from: start(first), to: start(first.add({ months: 1 })) }
}

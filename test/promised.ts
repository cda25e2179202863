/*
 * What readers are promised, worked out in another way than the product does: minute by minute, from the offsets that Intl
 * tells of each hour. Weekdays are bits, Monday the first.
 */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MAX_AGE = 48 * HOUR
const LATE = 4 * HOUR
export const NAMED = 55 // stories that a letter names: 25 in full, 30 as headlines

export type Hour = { zone: string; minute: number; weekdays: number }

/** A story is there from `arrives` on, and dated `published`. */
export type Story = { name: string; arrives: number; published: number; section: string | null }

/** A reader as the promise knows one: `since` is when the hour was last changed, `told` all that letters have told. */
export type Reader = {
  hour: Hour
  since: number
  paused: string | null
  sections: string[] | null
  spacing: number
  last: { on: string; at: number } | null
  told: Set<string>
  gone: boolean
}

const offsets = new Map<string, number>()
const clocks = new Map<string, Intl.DateTimeFormat>()

/** How far a zone's clocks are ahead of UTC; the zones of these tests change them at full hours only. */
function offset(zone: string, at: number): number {
  const hour = Math.floor(at / HOUR) * HOUR
  const key = `${zone} ${hour}`
  const known = offsets.get(key)
  if (known !== undefined) return known
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric' },
    } as const)
  clocks.set(zone, clock)
  const read = new Map(clock.formatToParts(hour).map((part) => [part.type, Number(part.value)]))
  const [year, month, day, hours, minutes] = (['year', 'month', 'day', 'hour', 'minute'] as const).map((part) =>
    read.get(part),
  )
  const wall = Date.UTC(year!, month! - 1, day!, hours!, minutes!)
  offsets.set(key, wall - hour)
  return wall - hour
}

/** The local day and minute of a moment. */
function local(zone: string, at: number): { day: string; minute: number } {
  const wall = new Date(at + offset(zone, at))
  return { day: wall.toISOString().slice(0, 10), minute: wall.getUTCHours() * 60 + wall.getUTCMinutes() }
}

/** The first minute of a local day at which its clocks show an hour, or a later one. */
export function dueAt(zone: string, day: string, minute: number): number {
  const key = `${zone} ${day} ${minute}`
  const known = dues.get(key) ?? firstMinute(zone, day, minute)
  dues.set(key, known)
  return known
}

const dues = new Map<string, number>()

function firstMinute(zone: string, day: string, minute: number): number {
  const wall = Date.parse(`${day}T00:00:00Z`) + minute * MINUTE
  for (let at = wall - offset(zone, wall) - 2 * HOUR; ; at += MINUTE) {
    const seen = local(zone, at)
    if (seen.day === day && seen.minute >= minute) return at
  }
}

/** The days of the year from one to another, both included. */
export function days(from: string, to: string): string[] {
  const all: string[] = []
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY) all.push(new Date(at).toISOString().slice(0, 10))
  return all
}

function falls(hour: Hour, day: string): boolean {
  return (hour.weekdays & (1 << ((new Date(day).getUTCDay() + 6) % 7))) !== 0
}

/** How many days lie between two letters at most. */
export function spacing(weekdays: number): number {
  const on = [0, 1, 2, 3, 4, 5, 6].filter((day) => weekdays & (1 << day))
  return Math.max(...on.map((day, n) => (n + 1 < on.length ? on[n + 1]! : on[0]! + 7) - day))
}

/** The local day whose letter is to come at this very moment, if there is one; `downSince`: nothing ran from then until now. */
export function dayDue(reader: Reader, now: number, downSince?: number): string | undefined {
  const { zone, minute } = reader.hour
  const earliest = downSince === undefined ? now : Math.max(now - LATE, downSince)
  const today = local(zone, now).day
  for (const day of [today, new Date(Date.parse(today) - DAY).toISOString().slice(0, 10)]) {
    const at = dueAt(zone, day, minute)
    if (at > now || at < earliest || at <= reader.since || !falls(reader.hour, day)) continue
    if (reader.last && reader.last.on >= day) return undefined
    return reader.paused !== null && now < dueAt(zone, reader.paused, 0) ? undefined : day
  }
  return undefined
}

/** What the letter of a moment must tell and what it may tell, the newest first: `must` is what came after the last letter. */
export function letter(reader: Reader, stories: Story[], now: number): { must: Story[]; may: Story[] } {
  const oldest = now - MAX_AGE * reader.spacing
  const may = stories.filter(
    ({ name, arrives, published, section }) =>
      arrives <= now &&
      published <= now &&
      published >= oldest &&
      !reader.told.has(name) &&
      (!reader.sections || (section !== null && reader.sections.includes(section))),
  )
  const since = reader.last?.at ?? Number.NEGATIVE_INFINITY
  const must = may.filter(({ arrives, published }) => Math.max(arrives, published) > since)
  return { must: must.sort(newest), may: may.sort(newest) }
}

function newest(a: Story, b: Story): number {
  return b.published - a.published
}

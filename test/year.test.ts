import { describe, expect, test } from 'vitest'
import * as promised from './promised.ts'
import { ask, type Asked, clock, join, leave, minuteOf, OWN, openReadership, publish, type Readership, tick } from './readership.ts'
import { databases } from './world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const [MONDAY, WORKDAYS, EVERY_DAY] = [1, 0b0011111, 127]

/** Who reads, and when. The odd hours are those that clocks skip or show twice. */
const READERS: Record<string, Asked> = {
  istanbul: {},
  text: { format: 'text' },
  headlines: { format: 'headlines' },
  sport: { sections: ['رياضة'] },
  berlin: { zone: 'Europe/Berlin' },
  skipped: { zone: 'Europe/Berlin', at: '02:30' },
  midnight: { zone: 'Africa/Cairo', at: '00:00' },
  twice: { zone: 'Africa/Cairo', at: '23:30' },
  newyork: { zone: 'America/New_York', at: '02:30' },
  weekly: { zone: 'America/New_York', at: '07:00', weekdays: MONDAY },
  santiago: { zone: 'America/Santiago', at: '00:00' },
  latenight: { zone: 'America/Santiago', at: '23:30' },
  workdays: { zone: 'America/Santiago', at: '18:15', weekdays: WORKDAYS },
  pausing: { zone: 'Europe/Berlin', at: '02:30' },
  mover: {},
  changing: { zone: 'Africa/Cairo', at: '23:30' },
  leaving: { zone: 'Europe/Berlin' },
}

/** The hours that readers move between, each there for somebody else too, or for nobody. */
const MOVES: Asked[] = [
  { zone: 'America/New_York', at: '02:30' },
  { zone: 'Africa/Cairo', at: '23:30' },
  { zone: 'America/Santiago', at: '23:30' },
  { zone: 'Europe/Berlin', at: '02:30' },
  { zone: null, at: null },
  { zone: 'Europe/Berlin', at: null },
  { zone: 'America/New_York', at: '21:45' },
  { zone: 'America/Santiago', at: '00:00' },
  { zone: 'Europe/Istanbul', at: '19:00' },
]

/** When nothing ran: within the time for making up, longer, and for days; also over both switches of Berlin. */
const OUTAGES = [
  ['2026-02-10T04:30:00Z', '2026-02-10T07:10:00Z'],
  ['2026-03-29T00:30:00Z', '2026-03-29T02:20:00Z'],
  ['2026-05-18T10:00:00Z', '2026-05-19T15:00:00Z'],
  ['2026-08-03T03:00:00Z', '2026-08-06T11:30:00Z'],
  ['2026-10-25T00:10:00Z', '2026-10-25T03:00:00Z'],
].map(([from, to]) => ({ from: Date.parse(from!), to: Date.parse(to!) }))

type Event = { at: number; does: (of: Readership) => Promise<void> }

async function year(of: Readership, from: string, to: string): Promise<void> {
  for (const [name, asked] of Object.entries(READERS)) await join(of, name, asked)
  const events = [...ticks(from, to), ...news(from, to), ...doings(from, to)]
    .filter(({ at }) => at > clock(of) && at < Date.parse(to) + DAY)
    .sort((a, b) => a.at - b.at)
  for (const { at, does } of events) {
    const outage = OUTAGES.find((one) => at >= one.from && at <= one.to)
    if (outage) of.downSince = outage.from
    of.world.clock.set(new Date(at).toISOString())
    await does(of)
  }
}

/** Every minute at which a letter may be due, and some at which none is. */
function ticks(from: string, to: string): Event[] {
  const hours = [...Object.values(READERS), ...MOVES].map(({ zone, at }) => ({
    zone: zone ?? OWN.zone,
    minute: at ? minuteOf(at) : OWN.minute,
  }))
  const moments = new Set<number>(OUTAGES.map((one) => one.to))
  for (const hour of new Map(hours.map((one) => [`${one.zone} ${one.minute}`, one])).values())
    for (const day of promised.days(dayAfter(from, -1), dayAfter(to, 1))) {
      const due = promised.dueAt(hour.zone, day, hour.minute)
      moments.add(due)
      if (day.endsWith('7')) moments.add(due - MINUTE)
    }
  const isUp = (at: number) => !OUTAGES.some((one) => at >= one.from && at < one.to)
  return [...moments].filter(isUp).map((at) => ({ at, does: (of) => tick(of, at) }))
}

/** Three stories on most days, none in the middle of June, two days with far too many; some come in late. */
function news(from: string, to: string): Event[] {
  let n = 0
  const random = sequence(7)
  return promised.days(from, to).flatMap((day, index) => {
    if (/-06-1[0-6]$/.test(day)) return []
    const many = index % 120 === 60 ? 130 : index % 5
    const start = Date.parse(day)
    const stories = Array.from({ length: many }, (): promised.Story => {
      const published = start + Math.floor(random() * 1440) * MINUTE + 17_000 + n
      const late = random() < 0.1 ? Math.floor(random() * 20 * 60) * MINUTE : 0
      const section = ['رياضة', 'سياسة', null][n % 3]!
      return { name: `s${++n}`, published, arrives: published + late, section }
    })
    const ahead = stories.filter(({ arrives, published }) => arrives === published)
    const late = stories.filter(({ arrives, published }) => arrives !== published)
    return [
      { at: start - DAY, does: (of: Readership) => publish(of, ahead) },
      ...late.map((story) => ({ at: story.arrives, does: (of: Readership) => publish(of, [story]) })),
    ]
  })
}

/** What readers do: one moves every eleven days, one pauses, one goes between daily and weekly, some come and go. */
function doings(from: string, to: string): Event[] {
  const noon = 11 * HOUR + 7 * MINUTE + 30_000
  return promised.days(from, to).flatMap((day, index) => {
    const at = Date.parse(day) + noon + ((index * 5) % 24) * HOUR
    const doing = (name: string, asked: Asked): Event => ({ at, does: (of) => ask(of, name, asked) })
    return [
      ...(index % 11 === 5 ? [doing('mover', MOVES[Math.floor(index / 11) % MOVES.length]!)] : []),
      ...(index % 40 === 20 ? [doing('pausing', { pausedUntil: dayAfter(day, 1 + (index % 9)) })] : []),
      ...(index % 80 === 61 ? [doing('pausing', { pausedUntil: null })] : []),
      ...(index % 23 === 9 ? [doing('changing', { weekdays: [MONDAY, EVERY_DAY, 1 << 4, null][index % 4]! })] : []),
      ...(day.endsWith('-04-15') ? [{ at, does: (of: Readership) => join(of, 'newcomer', { zone: 'Africa/Cairo' }) }] : []),
      ...(day.endsWith('-07-20') ? [{ at, does: (of: Readership) => leave(of, 'leaving') }] : []),
    ]
  })
}

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10)
}

/** Numbers between 0 and 1, the same in every run. */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe.each(databases)('a year of letters on %s', (kind) => {
  test('one letter on each of a reader\'s local days, at the right minute, with every story once', async () => {
    const [from, to] = process.env['SPAN']?.split(',') ?? (kind === 'sqlite' ? ['2026-01-01', '2026-12-31'] : ['2026-03-20', '2026-04-30'])
    await using of = await openReadership(kind, `${from}T12:00:00Z`)
    const began = performance.now()
    await year(of, from!, to!)
    console.log(kind, Math.round(performance.now() - began), 'ms', Object.fromEntries(of.letters))
    expect(of.letters.size).toBe(of.readers.size)
  })
})

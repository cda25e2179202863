import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as promised from './promised.ts'
import { type Asked, ask, join, openReadership, publish, type Readership, tick } from './readership.ts'
import { databases } from './world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = '2026-03-25T12:00:00Z' // Berlin's clocks change on the 29th, Santiago's on 4 April, Cairo's on the 24th
const DAYS = 14

const ZONES = ['Europe/Istanbul', 'Europe/Berlin', 'Africa/Cairo', 'America/New_York', 'America/Santiago', null]
const HOURS = ['00:00', '02:30', '08:00', '12:15', '23:30', null]
const NAMES = ['ayse', 'omar', 'lena', 'ana', 'joe', 'nur', 'ali', 'eva']

/** Something that happens some minutes after the start. */
type Happening = { minute: number } & (
  | { what: 'asks'; name: string; asked: Asked }
  | { what: 'pauses'; name: string; days: number }
  | { what: 'stories'; n: number; age: number }
  | { what: 'outage'; minutes: number }
)

const weekdays = fc.oneof(fc.constant(127), fc.constant(null), fc.integer({ min: 1, max: 127 }))
const name = fc.constantFrom(...NAMES)
const minute = fc.nat(DAYS * 1440)
const asked = fc.record(
  { zone: fc.constantFrom(...ZONES), at: fc.constantFrom(...HOURS), weekdays },
  { requiredKeys: [] },
)
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ minute, what: fc.constant('asks' as const), name, asked }) },
  {
    weight: 2,
    arbitrary: fc.record({ minute, what: fc.constant('pauses' as const), name, days: fc.integer({ min: -1, max: 6 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      minute,
      what: fc.constant('stories' as const),
      n: fc.integer({ min: 1, max: 40 }),
      age: fc.nat(40 * 60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      minute,
      what: fc.constant('outage' as const),
      minutes: fc.constantFrom(50, 200, 300, 3000),
    }),
  },
)

describe.each(databases)('readers who move as they like, on %s', (kind) => {
  test('get at most one letter on a local day, at the minute they asked for, and every story once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 20, maxLength: 60 }), async (happenings) => {
        await using of = await openReadership(kind, START)
        for (const one of NAMES) await join(of, one)
        await live(
          of,
          happenings.toSorted((a, b) => a.minute - b.minute),
        )
        expect(of.letters.size).toBeGreaterThan(0)
      }),
      { numRuns: Number(process.env['RUNS'] ?? 3), endOnFailure: true },
    )
  })
})

/** From one happening to the next, the clock stops wherever somebody may be due. */
async function live(of: Readership, happenings: Happening[]): Promise<void> {
  const start = Date.parse(START)
  let upAt = start
  let n = 0
  let now = start
  for (const one of [...happenings, { minute: DAYS * 1440, what: 'end' as const }]) {
    const at = start + one.minute * MINUTE
    now = await pass(of, now, at, upAt)
    of.world.clock.set(new Date(Math.max(at, now) + 30_000).toISOString())
    const isUp = at >= upAt // while nothing runs, nobody can ask for anything
    if (one.what === 'outage' && isUp) {
      of.downSince = at + MINUTE
      upAt = at + one.minutes * MINUTE
    } else if (one.what === 'asks' && isUp) await ask(of, one.name, one.asked)
    else if (one.what === 'pauses' && isUp)
      await ask(of, one.name, { pausedUntil: one.days < 0 ? null : later(at, one.days) })
    else if (one.what === 'stories')
      await publish(
        of,
        Array.from({ length: one.n }, () => ({
          ...{ name: `s${++n}`, arrives: at + 30_000, section: null },
          published: at - one.age * MINUTE + n, // no two of one moment: their order is theirs alone
        })),
      )
  }
}

/** Ticks at every moment after one and until another at which a reader may be due, and when what was down is up again. */
async function pass(of: Readership, from: number, to: number, upAt: number): Promise<number> {
  const moments = new Set<number>()
  for (const { hour } of of.readers.values())
    for (let day = from - DAY; day <= to + DAY; day += DAY)
      moments.add(promised.dueAt(hour.zone, new Date(day).toISOString().slice(0, 10), hour.minute))
  moments.add(upAt)
  const due = [...moments].filter((at) => at > from && at <= to && at >= upAt).sort((a, b) => a - b)
  for (const at of due) await tick(of, at)
  return Math.max(from, to)
}

function later(at: number, days: number): string {
  return new Date(at + days * DAY).toISOString().slice(0, 10)
}

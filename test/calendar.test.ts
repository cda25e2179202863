import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Instant, moment } from '../db/instant.ts'
import * as calendar from '../src/digests/calendar.ts'

const at = (text: string) => Date.parse(text) as Instant

/** Local midnight, morning and the hours that clocks skip or repeat, around the switches of 2026 and 2027. */
describe.each([
  ['Europe/Berlin', '2026-03-27', 150],
  ['Europe/Berlin', '2026-10-23', 150],
  ['Africa/Cairo', '2026-04-22', 0],
  ['Africa/Cairo', '2026-10-28', 1410],
  ['Europe/Istanbul', '2026-03-27', 480],
  ['America/Santiago', '2026-09-04', 0],
  ['America/Santiago', '2026-04-03', 1410],
])('an hour in %s around %s (minute %i)', (zone, start, minute) => {
  test('comes once on every day, whatever the clocks do', () => {
    const hour = { zone, minute, weekdays: 127 }
    const days: string[] = []
    let now = at(`${start}T00:00:00Z`)
    for (let n = 0; n < 6; n++) {
      const next = calendar.next(hour, now)
      expect(next.at).toBeGreaterThan(now)
      days.push(next.on)
      now = next.at
    }
    const first = Temporal.PlainDate.from(days[0]!)
    expect(days).toEqual(days.map((_, index) => first.add({ days: index }).toString()))
  })
})

test('an hour skipped in spring comes with the first minute that is there; one repeated in autumn is the first of the two', () => {
  const hour = { zone: 'Europe/Berlin', minute: 150, weekdays: 127 }
  expect(calendar.next(hour, at('2026-03-28T12:00:00Z'))).toEqual({ on: '2026-03-29', at: at('2026-03-29T01:00:00Z') })
  expect(calendar.next(hour, at('2026-10-24T12:00:00Z'))).toEqual({ on: '2026-10-25', at: at('2026-10-25T00:30:00Z') })
})

test('midnight itself may be skipped, and the half hour before it may come twice', () => {
  const cairo = { zone: 'Africa/Cairo', minute: 15, weekdays: 127 } // the clocks go from 00:00 to 01:00
  expect(calendar.next(cairo, at('2026-04-23T12:00:00Z'))).toEqual({ on: '2026-04-24', at: at('2026-04-23T22:00:00Z') })
  const santiago = { zone: 'America/Santiago', minute: 1410, weekdays: 127 } // from 24:00 back to 23:00
  expect(calendar.next(santiago, at('2026-04-04T12:00:00Z'))).toEqual({
    on: '2026-04-04',
    at: at('2026-04-05T02:30:00Z'),
  })
  expect(calendar.next(santiago, at('2026-04-05T02:30:00Z')).on).toBe('2026-04-05')
})

test('how many days lie between two letters', () => {
  expect([127, 0b0011111, 0b0000001, 0b1000000, 0b0001001].map(calendar.spacing)).toEqual([1, 3, 7, 7, 4])
})

test('weekdays leave days out', () => {
  const hour = { zone: 'Europe/Istanbul', minute: 480, weekdays: 0b0011111 }
  expect(calendar.next(hour, at('2026-11-20T09:00:00Z')).on).toBe('2026-11-23')
})

test('the next and the latest occurrence enclose every moment', () => {
  const zones = fc.constantFrom(
    'Europe/Berlin',
    'Africa/Cairo',
    'Europe/Istanbul',
    'America/Santiago',
    'Pacific/Apia',
    'Asia/Kathmandu',
  )
  fc.assert(
    fc.property(
      zones,
      fc.nat(1439),
      fc.integer({ min: 1, max: 127 }),
      fc.integer({ min: 1.5e12, max: 2e12 }),
      (zone, minute, weekdays, now) => {
        const hour = { zone, minute, weekdays }
        const next = calendar.next(hour, now as Instant)
        const latest = calendar.latest(hour, now as Instant)
        expect(latest.at <= now && now < next.at && latest.on < next.on).toBe(true)
        expect(calendar.next(hour, latest.at)).toEqual(next)
        expect(moment(next.at).toZonedDateTimeISO(zone).toPlainDate().toString()).toBe(next.on)
      },
    ),
  )
})

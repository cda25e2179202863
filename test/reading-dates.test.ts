import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDate } from '../src/reading/dates.ts'
import { origin } from './origin.ts'

const at = (raw: string, more = {}) => {
  const moment = readDate(raw, origin(more)).at
  return moment === undefined ? undefined : new Date(moment).toISOString().replace(':00.000Z', 'Z')
}

describe('a date is read as it is meant', () => {
  test.each([
    // RFC 822
    ['Thu, 04 Dec 2025 14:30:00 +0300', '2025-12-04T11:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 +03:00', '2025-12-04T11:30Z'],
    ['Mon, 04 Dec 2025 14:30:00 GMT', '2025-12-04T14:30Z'], // a wrong day of the week
    ['4 Dec 25 14:30 UT', '2025-12-04T14:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 EET', '2025-12-04T12:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 EEST', '2025-12-04T11:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 TRT', '2025-12-04T11:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 AST', '2025-12-04T11:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 MSK', '2025-12-04T11:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 CET', '2025-12-04T13:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 CEST', '2025-12-04T12:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 Z', '2025-12-04T14:30Z'],
    ['Thu, 04 Dec 2025 14:30:00 GMT+3', '2025-12-04T11:30Z'],
    ['Thu, 04 Dec 2025 14:30:00', '2025-12-04T11:30Z'],
    ['Thu Dec 04 14:30:00 EET 2025', '2025-12-04T12:30Z'],
    ['December 4th, 2025 2:30 PM', '2025-12-04T11:30Z'],
    // ISO 8601
    ['2025-12-04T14:30:00Z', '2025-12-04T14:30Z'],
    ['2025-12-04T14:30+03:00', '2025-12-04T11:30Z'],
    ['2025-12-04 14:30:00', '2025-12-04T11:30Z'],
    ['2025-12-04', '2025-12-03T21:00Z'],
    ['20251204T143000Z', '2025-12-04T14:30Z'],
    // Arabic
    ['الخميس 4 كانون الأول 2025 14:30', '2025-12-04T11:30Z'],
    ['الخميس، 4 ديسمبر 2025 - 02:30 م', '2025-12-04T11:30Z'],
    ['٤ كانون الاوّل / ديسمبر ٢٠٢٥ ١٤:٣٠', '2025-12-04T11:30Z'],
    ['04 مايو/ أيار 2025 11:05 صباحاً', '2025-05-04T08:05Z'],
    ['4 شبـــاط 2025 12:05 ص', '2025-02-03T21:05Z'],
    ['۴ تشرين ثاني ۲۰۲۵ ۱۴:۳۰', '2025-11-04T11:30Z'],
    ['4 غشت 2025 14:30', '2025-08-04T11:30Z'],
    ['4 جويلية 2025 14:30', '2025-07-04T11:30Z'],
    ['الخميس ٤ ديسمبر (كانون الأول) ٢٠٢٥، الساعة ١٤:٣٠', '2025-12-04T11:30Z'],
    ['حزيران (يونيو) 4، 2025 14:30', '2025-06-04T11:30Z'],
    // Turkish, French, German
    ['4 Aralık 2025 Perşembe 14:30', '2025-12-04T11:30Z'],
    ['Per, 04 Ara 2025 14:30:00 +0300', '2025-12-04T11:30Z'],
    ['4 AĞUSTOS 2025 14:30', '2025-08-04T11:30Z'],
    ['04 Şub 2025, 14:30', '2025-02-04T11:30Z'],
    ['4 Aralık 2025 Perşembe 14.30', '2025-12-04T11:30Z'],
    ['04.12.2025 14.30', '2025-12-04T11:30Z'],
    ['04.12.2025 Saat: 14.30 EET', '2025-12-04T12:30Z'],
    ['4.12.2025', '2025-12-03T21:00Z'],
    ['mar. 4 févr. 2025 14:30', '2025-02-04T11:30Z'],
    ['4. März 2025 14:30', '2025-03-04T11:30Z'],
    // numbers
    ['04/12/2025 14:30', '2025-12-04T11:30Z'],
    ['12/31/2025 14:30', '2025-12-31T11:30Z'],
    ['\u200f04\u200f/12\u200f/2025 14:30', '2025-12-04T11:30Z'],
    ['4.12.2025 14:30', '2025-12-04T11:30Z'],
    ['1764847800', '2025-12-04T11:30Z'],
    ['1764847800000', '2025-12-04T11:30Z'],
  ])('%s', (raw, meant) => {
    expect(at(raw)).toBe(meant)
  })

  test('04/12/2025 is the source’s order, or its language’s', () => {
    const raw = '04/12/2025 14:30'
    expect(at(raw, { dateOrder: 'day', language: 'en-US' })).toBe('2025-12-04T11:30Z')
    expect(at(raw, { dateOrder: 'month' })).toBe('2025-04-12T11:30Z')
    expect(at(raw, { language: 'en-US' })).toBe('2025-04-12T11:30Z')
    expect(at(raw, { language: 'en-GB' })).toBe('2025-12-04T11:30Z')
    expect(at(raw, { language: 'tr' })).toBe('2025-12-04T11:30Z')
  })

  test('an hour that clocks leave out, and one that they repeat', () => {
    expect(at('2025-03-30 02:30', { zone: 'Europe/Berlin' })).toBe('2025-03-30T01:30Z')
    expect(at('2025-10-26 02:30', { zone: 'Europe/Berlin' })).toBe('2025-10-26T00:30Z')
  })

  test.each([
    '2027-01-01',
    '1989-12-31',
    '0001-01-01T00:00:00Z',
    '31/02/2025',
    '2025-13-40',
    '2025-12-04T25:61',
    'yesterday',
    '',
    'م',
    '13 رجب 1447',
  ])('%j is not believed', (raw) => {
    expect(at(raw)).toBeUndefined()
  })
})

const SPELLINGS: ((wall: Temporal.PlainDateTime) => string)[] = [
  (wall) => wall.toString(),
  (wall) => wall.toString().replace('T', ' '),
  (wall) => `${two(wall.day)}/${two(wall.month)}/${wall.year} ${clock(wall)}`,
  (wall) => `${two(wall.day)}.${two(wall.month)}.${wall.year} ${clock(wall)}`,
  ...['ar-EG', 'ar-SY', 'ar-MA', 'ar-SA-u-ca-gregory', 'tr', 'en-GB', 'en-US', 'fr', 'de'].flatMap((language) =>
    (['long', 'full'] as const).map(
      (dateStyle) => (wall: Temporal.PlainDateTime) =>
        `${wall.toPlainDate().toLocaleString(language, { dateStyle })} ${clock(wall)}`,
    ),
  ),
]

test('a date comes back from every spelling', () => {
  const days = fc.integer({ min: Date.UTC(1990, 1) / 60_000, max: Date.UTC(2026, 11, 30) / 60_000 })
  fc.assert(
    fc.property(
      days,
      fc.constantFrom(...SPELLINGS),
      fc.constantFrom('Europe/Istanbul', 'UTC', 'Asia/Riyadh'),
      (minutes, spell, zone) => {
        const wall = Temporal.Instant.fromEpochMilliseconds(minutes * 60_000)
          .toZonedDateTimeISO('UTC')
          .toPlainDateTime()
        const meant = wall.toZonedDateTime(zone).epochMilliseconds
        const raw = spell(wall)
        expect([raw, readDate(raw, origin({ zone })).at]).toEqual([raw, meant])
      },
    ),
    { numRuns: 2000 },
  )
})

test('no text makes it throw, or believe what has not come yet', () => {
  const piece = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('Dec', 'كانون', 'الأول', '2025', '99999', '-', '/', ':', '+25:99', 'م', 'T', 'Z', '٣٠', '\u200f'), fc.nat().map(String)) // biome-ignore format: one list
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom('', ' '), (pieces, glue) => {
      const { at } = readDate(pieces.join(glue), origin())
      expect(at === undefined || (Number.isInteger(at) && at >= 631152000000 && at <= origin().now)).toBe(true)
    }),
    { numRuns: 5000 },
  )
})

function clock(wall: Temporal.PlainDateTime): string {
  return `${two(wall.hour)}:${two(wall.minute)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

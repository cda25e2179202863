import { expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { percent, shortDate, wholeNumber } from '../src/locale.ts'

const AT = instant(Temporal.Instant.from('2026-12-04T22:30:00Z'))

test('days, numbers and shares are written as each language writes them, in Latin digits', () => {
  const written = (language: string) => [
    shortDate(AT, 'Europe/Istanbul', language),
    wholeNumber(1_234_567, language),
    percent(40, language),
  ]
  expect(written('ar')).toEqual(['05/12/2026', '1,234,567', '40%'])
  expect(written('en')).toEqual(['05/12/2026', '1,234,567', '40%'])
  expect(written('tr')).toEqual(['05.12.2026', '1.234.567', '%40'])
})

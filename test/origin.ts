import type { Instant } from '../db/instant.ts'
import type { Origin } from '../src/reading/index.ts'

/** A source of an Arabic partner in Istanbul's zone, read at the end of 2026. */
export function origin(more: Partial<Origin> = {}): Origin {
  return {
    url: 'https://paper.example/feed/',
    language: 'ar',
    zone: 'Europe/Istanbul',
    dateOrder: 'auto',
    now: Date.parse('2026-12-31T00:00:00Z') as Instant,
    ...more,
  }
}

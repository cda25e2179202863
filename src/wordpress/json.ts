import type { Instant } from '../../db/instant.ts'
import { isBearable } from '../reading/bounds.ts'

const BEGINNING = /[[{]\s*(?:["{]|[\]}]\s*$)/g
const MOST_SIGNS = 300_000 // commas and closed brackets: a page of a hundred posts with all that belongs to them has half
const DEEPEST = 200
const MOST_BEGINNINGS = 5 // a notice may hold what looks like the beginning

/**
 * What a WordPress site answers as JSON, whatever stands around it: byte order marks, notices that plugins print first,
 * comments that caches add. Undefined for what holds none, or more than any site has to say.
 */
export function readJson(bytes: Buffer): unknown {
  const text = bytes.toString().replace(/^[\ufeff\s]+/, '')
  const whole = parsed(text)
  if (whole !== undefined) return whole
  const end = Math.max(text.lastIndexOf(']'), text.lastIndexOf('}')) + 1
  for (const { index } of text.matchAll(BEGINNING).take(MOST_BEGINNINGS)) {
    const part = parsed(text.slice(index, end))
    if (part !== undefined) return part
  }
  return undefined
}

/** What a value has at a path of names and positions; undefined where it has not. Names of prototypes are no names. */
export function within(value: unknown, ...path: (string | number)[]): unknown {
  let here = value
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined
    here = (here as Record<string | number, unknown>)[name]
  }
  return here
}

/** The text there, or ''. */
export function textIn(value: unknown, ...path: (string | number)[]): string {
  const found = within(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** The list there, or an empty one. */
export function listIn(value: unknown, ...path: (string | number)[]): unknown[] {
  const found = within(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The number of a post there: a whole one above zero. */
export function numberIn(value: unknown, ...path: (string | number)[]): number | undefined {
  const found = within(value, ...path)
  return typeof found === 'number' && Number.isSafeInteger(found) && found > 0 ? found : undefined
}

/** The instant there: WordPress writes UTC without saying so, and `0000-00-00T00:00:00` where it has none. */
export function instantIn(value: unknown, ...path: (string | number)[]): Instant | null {
  const text = textIn(value, ...path)
  if (!/^[1-9]\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/.test(text)) return null
  const at = Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)
  return Number.isFinite(at) ? (at as Instant) : null
}

function parsed(text: string): unknown {
  if (!isBearable(text, MOST_SIGNS, DEEPEST)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

import { type Instant, later } from '../../db/instant.ts'
import type { Source } from '../sources/source.ts'

/**
 * How far the mirror of a site has come: what `source.cursor` holds as JSON. It is written after each page, so that a kill
 * costs a page at most.
 *
 * `start` looks for the REST API; `fill` takes what the site has, by ascending numbers; `sweep` compares its numbers with
 * ours; `follow` asks for what has changed. Where the API is closed, `feed-fill` takes its feed page by page and `feed`
 * follows that.
 */
export type State = {
  phase: 'start' | 'fill' | 'sweep' | 'follow' | 'feed-fill' | 'feed'
  /** When it began: what the site published before is its archive. */
  began: Instant
  /** The address of the list of posts. */
  api?: string
  /** What the site says it has, and what we have of it. */
  total?: number
  filled?: number
  /** The back-fill came to its end at that moment. */
  whole?: Instant
  /** Of the fill: posts before the next page, how many to ask for, how many the site gives at most, the lowest number. */
  offset: number
  size: number
  most: number
  lowest?: number
  /** The page of the feed that is next, with marks of what the first page and the one before held. */
  page: number
  feed?: string
  marks?: { first: string[]; last: string[] }
  /** The feed was read to its end at that moment. */
  fed?: Instant
  /** The newest modification that is known to be taken with all before it, and the newest that was seen. */
  modified?: Instant
  newest?: Instant
  sweep?: Sweep
  /** When the last whole sweep ended, and the difference in numbers that the last one could not explain. */
  swept?: Instant
  unexplained?: string
  /** So much had gone that it was not believed: the next poll looks again. */
  doubted?: Instant
  /** When the closed API is tried again. */
  retry?: Instant
  /** What was left out, as English sentences; the newest. */
  notes: string[]
}

/** One comparison of numbers, from the newest down: `below` that number is still to come, `seen` were listed. */
export type Sweep = {
  began: Instant
  whole: boolean
  page: number
  seen: number
  below: number | null
  listed: boolean
}

const DAY = 86_400_000 // ms
const MOST_NOTES = 20
const SIZE = 20 // posts on a page at first

/** The state that a source's cursor holds; a new one where it holds none. */
export function readState(source: Source, now: Instant): State {
  const fresh: State = {
    phase: 'start',
    began: now,
    offset: 0,
    size: SIZE,
    most: 100,
    page: 1,
    notes: [],
  }
  return { ...fresh, ...(JSON.parse(source.cursor ?? '{}') as Partial<State>) }
}

/** Modifications are asked for from a little before the newest that was taken: clocks and commits are not that orderly. */
export function since(state: State): string | undefined {
  if (state.modified === undefined) return undefined
  return new Date(later(state.modified, -300_000)).toISOString().slice(0, 19)
}

/** A sweep that has yet to begin. */
export function freshSweep(began: Instant, whole: boolean): Sweep {
  return { began, whole, page: 1, seen: 0, below: null, listed: false }
}

/** Turns to the site's feed: its API is closed, and tried again in a week; within a day where it was open before. */
export function close(state: State, now: Instant): void {
  state.phase = state.whole === undefined && state.fed === undefined ? 'feed-fill' : 'feed'
  state.retry = later(now, state.whole === undefined ? 7 * DAY : DAY)
}

export function note(state: State, sentence: string): void {
  if (state.notes.includes(sentence)) return
  state.notes = [...state.notes, sentence].slice(-MOST_NOTES)
}

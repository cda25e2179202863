import { Problem } from '../problem.ts'
import type { Document, Origin } from './item.ts'
import * as pool from './pool.ts'

export type { Document, Item, Notes, Origin } from './item.ts'

/**
 * Reads a stranger's feed: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed, in whatever charset.
 *
 * The work is done in a worker with a deadline and a memory limit: a hostile document costs that worker and nothing else.
 * Throws Problem `feed-unreadable` with the reason, in English.
 */
export async function read(bytes: Uint8Array, origin: Origin): Promise<Document> {
  const outcome = await pool.work(bytes, origin)
  if ('document' in outcome) return outcome.document
  const host = URL.canParse(origin.url) ? new URL(origin.url).host : origin.url
  const cause = outcome.bug ? { cause: new Error(outcome.bug) } : {}
  throw new Problem('feed-unreadable', { host, reason: outcome.refused }, cause)
}

/** Ends the workers; for who ends the process. */
export async function close(): Promise<void> {
  await pool.close()
}

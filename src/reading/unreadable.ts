import { Problem } from '../problem.ts'

/** Why a document cannot be read, in words; who asked for it adds whose it is. */
export function unreadable(reason: string): Problem {
  return new Problem('feed-unreadable', { reason })
}

import { Problem } from '../problem.ts'

/** Why a document cannot be read, in words; `read()` adds whose it is, which the worker's parts need not know. */
export function unreadable(reason: string): Problem {
  return new Problem('feed-unreadable', { host: '', reason })
}

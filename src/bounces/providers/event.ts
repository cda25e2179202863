import type { Instant } from '../../../db/instant.ts'
import { wordsOf } from '../../address.ts'
import { type Finding, judged, type Kind } from '../status.ts'

/** What a provider posts: its headers by names in lower case, and the very bytes, which its signature is over. */
export type Posted = { header(name: string): string | undefined; body: Buffer; now: Instant }

/** What a provider says of one letter. `id` names it for ever; `messageId` is ours, `relayId` the one in its answer to DATA. */
export type Event = Finding & { id: string; address: string; messageId?: string; relayId?: string }

/**
 * What was posted: `forged` when its signature does not hold, `unreadable`, `stale` when it is too old to be told from a
 * repeated one, an address to `confirm` that we want to hear more, or events; `once` names a signature that is good for a
 * single time.
 */
export type Heard = 'forged' | 'unreadable' | 'stale' | { confirm: string } | { events: Event[]; once?: string }

/** An event about a failure: from its number and words, unless the provider knows better. */
export function failure(
  of: { id: string; address: string; status?: string; words: string; messageId?: string; relayId?: string },
  knows: (judgement: { kind: Kind; status: string | null }) => Kind = ({ kind }) => kind,
): Event {
  const { status, words, ...about } = of
  const judgement = judged(/^[45]\.\d{1,3}\.\d{1,3}$/.test(status ?? '') ? status! : null, words)
  return { ...about, ...judgement, kind: knows(judgement), words: wordsOf(words) }
}

/** An event that has a name of its own: a complaint, an unsubscription, a delay. */
export function named(
  kind: Kind,
  of: { id: string; address: string; words: string; messageId?: string; relayId?: string },
): Event {
  return { ...of, kind, status: null, words: wordsOf(of.words) }
}

/** Whether a moment (ms) is recent enough: so long ago at most, and no more ahead than clocks differ. */
export function recent(at: number, now: Instant, milliseconds: number): boolean {
  return at > now - milliseconds && at < now + 10 * 60_000
}

import type { Instant } from '../../db/instant.ts'
import { type Keys, sign } from '../keys.ts'

/*
 * The formulas of a reader's tokens, and nothing else: the ledger of letters stands on this file alone, so that
 * subscribers may stand on the ledger.
 */

/** What letters link to: leaving works as long as the letter exists, a confirmation belongs to one request. */
export function tokens(
  { keys }: { keys: Keys },
  subscription: { id: number; requested_at: Instant | null },
): { unsubscribe: string; confirm: string; preferences: string } {
  return {
    get unsubscribe() {
      return sign(keys, 'unsubscribe', subscription.id)
    },
    get preferences() {
      return sign(keys, 'preferences', subscription.id)
    },
    get confirm() {
      return sign(keys, 'confirm', subscription.id, String(subscription.requested_at ?? 0))
    },
  }
}

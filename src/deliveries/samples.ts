import { instant } from '../../db/instant.ts'
import type { Email } from '../address.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'
import * as dkim from '../dkim/index.ts'
import * as home from '../home.ts'
import * as letters from '../letters/index.ts'
import * as mail from '../mail.ts'
import { Problem } from '../problem.ts'
import { relaysOf } from '../relay-settings.ts'
import { openSigning } from './signing.ts'

/** A letter to look at: what it shares with no other, and what is its reader's own. */
export type Sample = { fixed: letters.Fixed; from: Email; personal: letters.Personal }

const PATIENCE = 15_000 // ms for a relay to be there

/**
 * Submits a few letters at once, beside the ledger, and answers what the first relay that is there said to each. They are
 * signed as all letters are. Without a relay, or when none is there: a Problem.
 */
export async function submitSamples(app: App, samples: Sample[]): Promise<mail.Answer[]> {
  await home.refuseAway(app)
  const { relay, connection } = await reached(app)
  const signing = openSigning(app)
  const answers: mail.Answer[] = []
  try {
    for (const { fixed, from, personal } of samples) {
      const letter = letters.spliced(fixed, personal)
      const hand = relay.sign ? await signing(from) : undefined
      const seconds = Math.floor(instant(app.now()) / 1000)
      const hash = () => letters.bodyHash(fixed, letter)
      const signature = hand ? await dkim.signature(hand.signer, letter.head, hash(), seconds) : ''
      const pieces = [signature + letter.head, ...letter.body]
      answers.push(
        connection.open
          ? await connection.submit({ from, to: personal.to }, pieces)
          : { kind: 'unsent', reply: 'the relay has hung up' },
      )
    }
  } finally {
    await connection.quit()
  }
  return answers
}

async function reached(app: App): Promise<{ relay: Relay; connection: mail.Connection }> {
  const relays = relaysOf(app)
  const [first] = relays
  if (!first) throw new Problem('no-relay')
  const host = new URL(app.config.url).hostname
  let reason = ''
  for (const relay of relays) {
    try {
      return { relay, connection: await mail.connect(relay, host, AbortSignal.timeout(PATIENCE)) }
    } catch (error) {
      reason ||= (error as Error).message
    }
  }
  throw new Problem('relay-unreachable', { relay: first.name, reason })
}

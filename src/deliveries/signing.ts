import { instant } from '../../db/instant.ts'
import type { Email } from '../address.ts'
import type { App } from '../app.ts'
import * as dkim from '../dkim/index.ts'
import * as mail from '../mail.ts'
import { Problem } from '../problem.ts'
import { relaysOf } from '../relay-settings.ts'

/** Who signs for a sender. `prove` holds a whole letter against the public key. */
export type Hand = { signer: dkim.Signer; prove(letter: string): void }

/**
 * Looks the key up that signs for this sender now; undefined when letters go unsigned.
 *
 * They do where the relays sign (`sign=no`), and on loopback while the sender's domain has no key. Else a domain without a key,
 * or a key that cannot be used, is a Problem: nothing is sent unsigned by mistake.
 */
export type Signing = (sender: Email) => Promise<Hand | undefined>

export function openSigning(app: App): Signing {
  const hands = new Map<number, Promise<Hand>>()
  return async (sender) => {
    const relays = relaysOf(app).filter((relay) => relay.sign)
    if (relays.length === 0) return undefined
    const domain = sender.slice(sender.lastIndexOf('@') + 1)
    const keys = await dkim.all(app.db)
    const key = dkim.current(keys, domain, instant(app.now()))
    if (!key) {
      if (relays.every(mail.onLoopback)) return undefined
      throw new Problem('dkim-missing', { domain })
    }
    const hand = hands.get(key.id) ?? open(app, key)
    hands.set(key.id, hand)
    hand.catch(() => hands.delete(key.id))
    return hand
  }
}

async function open(app: App, key: dkim.DkimKey): Promise<Hand> {
  const signer = await dkim.open(app, key)
  return { signer, prove: (letter) => dkim.prove(key, letter) }
}

import { type Email, email } from '../address.ts'
import type { App } from '../app.ts'
import { type Keys, stamp, unstamped } from '../keys.ts'

/*
 * The addresses that mail comes back to, and nothing else: the ledger of letters stands on this file alone, so that what
 * reads bounces may stand on the ledger. Everything after the `+` is base32 (RFC 4648), because mail servers may change case.
 */

/** Which letter an envelope sender belongs to; a notice has no edition. */
export type About = { edition_id: number | null; subscriber_id: number }

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The envelope sender of a letter: `b+<token>@domain` of 46 letters before the `@`, the same for each try, where bounces come
 * in (NASHRA_INBOUND); else the sender's own address.
 */
export function envelope(
  app: Pick<App, 'config' | 'keys'>,
  { edition_id, subscriber_id }: About,
  sender: Email,
): Email {
  if (app.config.inbound.length === 0) return sender
  const ids = Buffer.alloc(10)
  ids.writeUIntBE(edition_id ?? 0, 0, 5)
  ids.writeUIntBE(subscriber_id, 5, 5)
  return email(`b+${base32(stamp(app.keys, 'bounce', ids))}@${domain(app, sender)}`)
}

/** Where a mail leaves a list by its token: `u+<token>@domain`; undefined where no mail comes in. */
export function leaveAddress(app: Pick<App, 'config'>, unsubscribe: string, sender: Email): Email | undefined {
  if (app.config.inbound.length === 0) return undefined
  return email(`u+${base32(Buffer.from(unsubscribe, 'base64url'))}@${domain(app, sender)}`)
}

/** What a local part of `b+…` is about, if we wrote it. */
export function aboutOf(keys: Keys, local: string): About | undefined {
  const bytes = tokenOf(local, 'b')
  const ids = bytes?.length === 27 ? unstamped(keys, 'bounce', bytes) : undefined
  if (!ids) return undefined
  return { edition_id: ids.readUIntBE(0, 5) || null, subscriber_id: ids.readUIntBE(5, 5) }
}

/** The unsubscribe token in a local part of `u+…`; whether we wrote it is for whoever uses it to find out. */
export function leavingOf(local: string): string | undefined {
  const bytes = tokenOf(local, 'u')
  return bytes?.length === 22 ? bytes.toString('base64url') : undefined
}

function domain({ config }: Pick<App, 'config'>, sender: Email): string {
  return config.inbound[0]!.domain ?? sender.slice(sender.lastIndexOf('@') + 1)
}

function tokenOf(local: string, role: string): Buffer | undefined {
  const [, before, token = ''] = /^([a-z])\+([a-z2-7]{1,62})$/.exec(local.toLowerCase()) ?? []
  return before === role ? unbase32(token) : undefined
}

function base32(bytes: Buffer): string {
  let text = ''
  let value = 0
  let bits = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31]
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text
}

function unbase32(text: string): Buffer {
  const bytes: number[] = []
  let value = 0
  let bits = 0
  for (const letter of text) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 255)
  }
  return Buffer.from(bytes)
}

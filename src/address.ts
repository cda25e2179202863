import { hash } from 'node:crypto'
import { domainToASCII } from 'node:url'
import { Problem } from './problem.ts'

/** A checked address: plain local part as typed, domain in lower-cased A-labels. Safe in a header and an envelope. */
export type Email = string & { readonly __brand: 'Email' }

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z][a-z0-9-]{0,61}[a-z0-9])$/
const PLAIN = /^(?!.*xn--)[a-z0-9.-]+$/ // in its last spelling: IDNA takes longer than all the rest
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00a0]/g

/**
 * Reads an address by our own narrow grammar (RFC 5321 dot-atoms only: no quoting, no comments, no literals).
 *
 * Invisible marks that come along from right-to-left documents are dropped; anything else unusual is a Problem.
 */
export function email(text: string): Email {
  const typed = text.replace(INVISIBLE, '').trim()
  const at = typed.lastIndexOf('@')
  const local = typed.slice(0, at)
  const host = typed.slice(at + 1)
  const domain = PLAIN.test(host) ? host : domainToASCII(host).toLowerCase()
  if (at < 1 || local.length > 64 || !LOCAL.test(local) || !DOMAIN.test(domain))
    throw new Problem('bad-address', { value: masked(typed) })
  return `${local}@${domain}` as Email
}

/** What identity and suppression compare: SHA-256 of the whole address in lower case. */
export function addressHash(address: Email): string {
  return hash('sha256', address.toLowerCase(), 'hex')
}

/** For logs and messages: `a…@example.org`. */
export function masked(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 1 ? '…' : `${address.slice(0, 1)}…${address.slice(at).slice(0, 80)}`
}

/** A sentence of somebody else's, its addresses masked: what may stand in a log. */
export function maskedIn(text: string): string {
  return text.replace(/[^\s<>(),;:"']+@[^\s<>(),;:"']+/g, masked)
}

/** What somebody else said, for people: one line of at most 300 letters, without addresses and without what a terminal would take for an order. */
export function wordsOf(text: string): string {
  return text
    .slice(0, 4000)
    .replace(/[^\s<>(),;:"'=]{1,64}@[^\s<>(),;:"']{1,253}/g, '…')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, 300)
    .toWellFormed()
}

/** A sender or reply address with its display name. */
export type Mailbox = { name: string; address: Email }

/** `Name <address>` or a bare address; the name may be quoted. Control characters are refused, not repaired: a header is made of it. */
export function mailbox(text: string): Mailbox {
  if (/\p{Cc}/u.test(text)) throw new Problem('bad-address', { value: masked(text.replace(/\p{Cc}+/gu, ' ')) })
  const [, typed = '', address = text] = /^([^<>]*)<([^<>]+)>\s*$/.exec(text) ?? []
  const name = typed.replace(/[\u202a-\u202e\u2066-\u2069]/g, '').trim()
  const quoted = /^"(.*)"$/.exec(name)?.[1]
  return { name: quoted === undefined ? name : quoted.replace(/\\(.)/g, '$1').trim(), address: email(address) }
}

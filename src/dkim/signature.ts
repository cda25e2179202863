import type { KeyObject } from 'node:crypto'
import { fields, relaxed } from './canonical.ts'
import { rsa } from './rsa.ts'

/** A key that signs for a domain under a selector. */
export type Signer = { domain: string; selector: string; key: KeyObject }

/**
 * Makes the DKIM-Signature field of one letter, CRLF at its end: to stand before its head. `own` is the letter's part of the
 * head, `bodyHash` the SHA-256 of the relaxed body in base64, `seconds` the time of signing since 1970.
 */
export type Signature = (own: string, bodyHash: string, seconds: number) => Promise<string>

/*
 * What a letter's reader sees or acts upon. Each name stands once more in `h=` than in the head, so that nobody can add
 * another field of that name; so do those that our letters never have.
 */
const COVERED = [
  'From', 'Reply-To', 'To', 'Cc', 'Sender', 'Subject', 'Date', 'Message-ID', 'In-Reply-To', 'References', 'MIME-Version',
  'Content-Type', 'Content-Transfer-Encoding', 'Content-Language', 'List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post',
  'Feedback-ID', 'Auto-Submitted',
].map((name) => name.toLowerCase()) // biome-ignore format: one list
const NAMES = new Set(COVERED)

/**
 * Signs the letters of one rendering (RFC 6376; rsa-sha256, relaxed/relaxed). What stands before and after each letter's own
 * fields is put in its canonical form once. No field's name occurs twice in a head.
 */
export function signatures({ domain, selector, key }: Signer, before: string, after: string): Signature {
  const [first, last] = [canonical(before), canonical(after)]
  const openings = new Map<string, { raw: string; text: string }>() // by the letter's own names: two or three in all

  function opening(own: string): { raw: string; text: string } {
    const names = [...first.names, ...(own ? [own] : []), ...last.names, ...COVERED].join(':')
    const raw = ` v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain};\r\n\ts=${selector};\r\n\th=${folded(names)};\r\n\t`
    const made = { raw, text: relaxed({ name: 'DKIM-Signature', value: `${raw}.` }).slice(0, -1) }
    openings.set(own, made)
    return made
  }
  return async (own, bodyHash, seconds) => {
    const middle = canonical(own)
    const names = middle.names.join(':')
    const { raw, text } = openings.get(names) ?? opening(names)
    const closing = `t=${seconds}; bh=${bodyHash};`
    const signature = await rsa(`${first.text}${middle.text}${last.text}${text}${closing} b=`, key)
    return `DKIM-Signature:${raw}${closing}\r\n\tb=${signature.replace(/.{1,72}(?=.)/g, '$&\r\n\t ')}\r\n`
  }
}

/** The field for a letter by itself. */
export function signature(signer: Signer, head: string, bodyHash: string, seconds: number): Promise<string> {
  return signatures(signer, head, '')('', bodyHash, seconds)
}

/** The fields that are covered, in their relaxed form, and their names. */
function canonical(head: string): { names: string[]; text: string } {
  const all = fields(head).filter(({ name }) => NAMES.has(name.toLowerCase()))
  return { names: all.map(({ name }) => name.toLowerCase()), text: all.map((one) => `${relaxed(one)}\r\n`).join('') }
}

function folded(names: string): string {
  return names.replace(/(.{40,66}:)(?=.)/g, '$1\r\n\t ')
}

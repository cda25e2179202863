import { type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { atMost } from '../at-most.ts'
import { fields, relaxed } from './canonical.ts'

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
const signing = promisify(sign)
const SCRATCH = 8192 // bytes: more than what is signed of any letter of ours
const spare: Buffer[] = []
const gate = atMost(2) // of the four threads that we share with the disk and with pictures; a letter ahead costs nothing by waiting

/**
 * Signs the letters of one rendering (RFC 6376; rsa-sha256, relaxed/relaxed). What stands before and after each letter's own
 * fields is put in its canonical form once. No field's name occurs twice in a head.
 */
export function signatures({ domain, selector, key }: Signer, before: string, after: string): Signature {
  const [first, last] = [canonical(before), canonical(after)]
  const openings = new Map<string, { raw: string; text: string }>() // by what `h=` names: two or three in all

  function opening(names: string): { raw: string; text: string } {
    const raw = ` v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain};\r\n\ts=${selector};\r\n\th=${folded(names)};\r\n\t`
    const made = { raw, text: relaxed({ name: 'DKIM-Signature', value: `${raw}.` }).slice(0, -1) }
    openings.set(names, made)
    return made
  }
  return async (own, bodyHash, seconds) => {
    const middle = canonical(own)
    const names = [...first.names, ...middle.names, ...last.names, ...COVERED].join(':')
    const { raw, text } = openings.get(names) ?? opening(names)
    const closing = `t=${seconds}; bh=${bodyHash};`
    const bytes = await signed(`${first.text}${middle.text}${last.text}${text}${closing} b=`, key)
    return `DKIM-Signature:${raw}${closing}\r\n\tb=${bytes.toString('base64').replace(/.{1,72}(?=.)/g, '$&\r\n\t ')}\r\n`
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

/** Ten thousand small buffers would pile up until the next great clearing: a few are used again and again. */
async function signed(text: string, key: KeyObject): Promise<Buffer> {
  if (text.length > SCRATCH) return gate.turn(() => signing('sha256', Buffer.from(text, 'latin1'), key))
  return gate.turn(async () => {
    const scratch = spare.pop() ?? Buffer.allocUnsafeSlow(SCRATCH)
    const signature = await signing('sha256', scratch.subarray(0, scratch.write(text, 'latin1')), key)
    spare.push(scratch)
    return signature
  })
}

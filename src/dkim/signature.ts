import { type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { atMost } from '../at-most.ts'
import { type Field, fields, relaxed, selected } from './canonical.ts'

/** A key that signs for a domain under a selector. */
export type Signer = { domain: string; selector: string; key: KeyObject }

/*
 * What a letter's reader sees or acts upon. Each name stands once more in `h=` than in the head, so that nobody can add
 * another field of that name; so do those that our letters never have.
 */
const COVERED = [
  'From', 'Reply-To', 'To', 'Cc', 'Sender', 'Subject', 'Date', 'Message-ID', 'In-Reply-To', 'References', 'MIME-Version',
  'Content-Type', 'Content-Transfer-Encoding', 'Content-Language', 'List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post',
  'Feedback-ID', 'Auto-Submitted',
] // biome-ignore format: one list
const NAMES = new Map(COVERED.map((name) => [name.toLowerCase(), name.toLowerCase()]))
const signing = promisify(sign)
const SCRATCH = 8192 // bytes: more than what is signed of any letter of ours
const spare: Buffer[] = []
const gate = atMost(2) // of the four threads that we share with the disk and with pictures; a letter ahead costs nothing by waiting

/**
 * The DKIM-Signature field of a letter (RFC 6376; rsa-sha256, relaxed/relaxed), CRLF at its end: to stand before `head`.
 * `bodyHash` is the SHA-256 of the relaxed body in base64, `seconds` the time of signing since 1970.
 */
export async function signature(signer: Signer, head: string, bodyHash: string, seconds: number): Promise<string> {
  const all = fields(head)
  const names = covered(all)
  const unsigned = [
    `v=1; a=rsa-sha256; c=relaxed/relaxed; d=${signer.domain};`,
    `s=${signer.selector}; t=${seconds};`,
    `h=${names.join(':').replace(/(.{40,66}:)(?=.)/g, '$1\r\n\t ')};`,
    `bh=${bodyHash};`,
    'b=',
  ].join('\r\n\t')
  const own = { name: 'DKIM-Signature', value: ` ${unsigned}` }
  const text = [...selected(all, names), own].map(relaxed).join('\r\n')
  const bytes = await signed(text, signer.key)
  return `${own.name}:${own.value}${bytes.toString('base64').replace(/.{1,72}(?=.)/g, '$&\r\n\t ')}\r\n`
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

function covered(all: Field[]): string[] {
  const present = all.flatMap(({ name }) => NAMES.get(name.toLowerCase()) ?? [])
  return [...present, ...NAMES.keys()]
}

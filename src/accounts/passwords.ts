import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { atMost } from '../at-most.ts'
import { Problem } from '../problem.ts'

/** OWASP's least for argon2id: 19 MiB, two passes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }
const SHORTEST = 10
const LONGEST = 200 // UTF-16 units once normalised: a password, not a file
const MOST_COMPOSED = 4 // letters that Unicode makes one of

const derive = promisify(argon2)
const gate = atMost(3) // each takes 19 MB: whoever comes meanwhile waits
const MOST_WAITING = 60 // a few seconds' work; a flood is turned away instead of piling up

/** An argon2id hash (PHC string) of a password that may be chosen; a Problem for one that is too easily guessed. */
export async function hashed(password: string, known: string[]): Promise<string> {
  const text = spelled(password)
  const letters = new Set(text).size
  if (
    [...text].length < SHORTEST ||
    letters < 4 ||
    known.some((word) => word && text.toLowerCase() === word.toLowerCase())
  )
    throw new Problem('password-weak', { letters: SHORTEST })
  if (text.length > LONGEST) throw new Problem('password-long', { most: LONGEST })
  const nonce = randomBytes(16)
  const tag = await hash(text, nonce)
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${base64(nonce)}$${base64(tag)}`
}

/** Whether the password is the hashed one; takes as long for an account that has none. */
export async function matches(password: string, phc: string | null): Promise<boolean> {
  const [, nonce = base64(Buffer.alloc(16)), tag = base64(Buffer.alloc(32))] =
    /\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc ?? '') ?? []
  const found = await hash(spelled(password), Buffer.from(nonce, 'base64'))
  return timingSafeEqual(found, Buffer.from(tag, 'base64')) && phc !== null
}

/** One spelling (NFKC) for whatever keyboard typed it; of what is too long for a password as much as tells that it is. */
function spelled(password: string): string {
  return password
    .slice(0, MOST_COMPOSED * (LONGEST + 1))
    .normalize('NFKC')
    .slice(0, LONGEST + 1)
}

async function hash(text: string, nonce: Buffer): Promise<Buffer> {
  if (gate.waiting() >= MOST_WAITING) throw new Problem('sign-in-busy')
  return gate.turn(() => derive('argon2id', { message: text, nonce, ...COST }))
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

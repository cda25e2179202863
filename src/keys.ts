import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Problem } from './problem.ts'

/** The secrets that tokens are made with: the newest signs, all of them verify. */
export type Keys = ReadonlyMap<number, Buffer>

/** What a token is good for; one made for one purpose is worth nothing for another. */
const PURPOSES = {
  ...{ unsubscribe: 1, confirm: 2, preferences: 3, form: 4, bounce: 5, watch: 6 },
  ...{ second: 7, device: 8, factor: 9 },
} as const
export type Purpose = keyof typeof PURPOSES

/** Reads the key ring; undefined when there is none. Lines: `<number 0-15> <base64url of 32 bytes>`. */
export function readRing(file: string): Keys | undefined {
  const text = contents(file)
  if (text === undefined) return undefined
  const keys = new Map<number, Buffer>()
  for (const line of text.split('\n')) {
    const match = /^(\d+) ([A-Za-z0-9_-]{43})$/.exec(line.trim())
    if (match && Number(match[1]) < 16) keys.set(Number(match[1]), Buffer.from(match[2]!, 'base64url'))
  }
  if (keys.size === 0)
    throw new Problem('file-unreadable', { file, reason: 'it holds no key; restore it from a backup' })
  return keys
}

/** Makes a key ring of one key (0600) where there is none; of two who do so at once, both read that of the first. */
export function makeRing(file: string): Keys {
  const fresh = `${file}.${randomBytes(8).toString('hex')}`
  makeFolder(dirname(file))
  try {
    writeFileSync(fresh, `1 ${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(fresh, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(file, error)
  } finally {
    rmSync(fresh, { force: true })
  }
  return readRing(file)!
}

/** A folder for its owner alone, where there is none; a Problem when that cannot be. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(folder, error)
  }
}

function contents(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(file, error)
  }
}

function unusable(file: string, error: unknown): Problem {
  const { code, path, message } = error as NodeJS.ErrnoException
  return new Problem('path-unusable', { path: path ?? file, reason: code ?? message }, { cause: error })
}

/** A key of 32 bytes for something else than tokens, made from the newest of the ring: one tells nothing about the other. */
export function derived(keys: Keys, purpose: string, number = Math.max(...keys.keys())): Buffer {
  return Buffer.from(hkdfSync('sha256', keys.get(number)!, '', `nashra ${purpose}`, 32))
}

/** A secret as the database may hold it: AES-256-GCM under the newest key, bound to what it is `about`. */
export function seal(keys: Keys, about: string, secret: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', derived(keys, 'sealed'), nonce).setAAD(Buffer.from(about))
  const bytes = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${Math.max(...keys.keys())}.${bytes.toString('base64url')}`
}

/** What `seal` closed; thrown when the ring has lost its key, or it was sealed about something else. */
export function unseal(keys: Keys, about: string, sealed: string): string {
  const [number, text = ''] = sealed.split('.')
  if (!keys.has(Number(number))) throw new Error(`the key ring holds no key ${number}`)
  const bytes = Buffer.from(text, 'base64url')
  const key = derived(keys, 'sealed', Number(number))
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-16))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
  } catch (error) {
    throw new Error('it was not sealed with this key ring', { cause: error })
  }
}

/** Some bytes between a byte for key and purpose and a MAC of 16: whoever gets them back knows that we wrote them. */
export function stamp(keys: Keys, purpose: Purpose, content: Buffer): Buffer {
  return stampedBy(keys, Math.max(...keys.keys()), purpose, content)
}

/** What was stamped, if we did and for this purpose. */
export function unstamped(keys: Keys, purpose: Purpose, bytes: Buffer): Buffer | undefined {
  const number = (bytes[0] ?? 0) >> 4
  if (bytes.length < 17 || !keys.has(number)) return undefined
  const content = bytes.subarray(1, -16)
  return timingSafeEqual(bytes, stampedBy(keys, number, purpose, content)) ? content : undefined
}

function stampedBy(keys: Keys, number: number, purpose: Purpose, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.of((number << 4) | PURPOSES[purpose]), content])
  return Buffer.concat([body, createHmac('sha256', keys.get(number)!).update(body).digest().subarray(0, 16)])
}

/** A token of 30 characters: key and purpose 1 byte, id 5 bytes, MAC 16 bytes. `about` binds it to a state, such as a date. */
export function sign(keys: Keys, purpose: Purpose, id: number, about = ''): string {
  return assemble(keys, Math.max(...keys.keys()), PURPOSES[purpose], id, about)
}

/** The id that a token carries, whoever made it: look its row up, then ask `holds`. */
export function claimedId(token: string): number | undefined {
  if (!/^[A-Za-z0-9_-]{30}$/.test(token)) return undefined
  return Buffer.from(token, 'base64url').readUIntBE(1, 5)
}

/** Whether we made this token, for this purpose, id and state. */
export function holds(keys: Keys, token: string, purpose: Purpose, id: number, about = ''): boolean {
  if (claimedId(token) !== id) return false
  const number = Buffer.from(token, 'base64url')[0]! >> 4
  if (!keys.has(number)) return false
  return timingSafeEqual(Buffer.from(token), Buffer.from(assemble(keys, number, PURPOSES[purpose], id, about)))
}

function assemble(keys: Keys, number: number, purpose: number, id: number, about: string): string {
  const head = Buffer.alloc(6)
  head[0] = (number << 4) | purpose
  head.writeUIntBE(id, 1, 5)
  const mac = createHmac('sha256', keys.get(number)!).update(head).update(about).digest().subarray(0, 16)
  return Buffer.concat([head, mac]).toString('base64url')
}

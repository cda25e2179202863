import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Selectable } from 'kysely'
import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { Db, DkimKeyTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import { seal, unseal } from '../keys.ts'
import { Problem } from '../problem.ts'
import { type Signer, signature } from './signature.ts'
import { verified } from './verification.ts'

/** A domain's key under one selector. */
export type DkimKey = Selectable<DkimKeyTable>

/** `after`: milliseconds until it signs, so that its record can be published first. */
export type Wish = { domain: string; selector?: string; after?: number }

const SELECTOR = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const generate = promisify(generateKeyPair)

/** Makes a domain's first key. */
export async function add(app: App, actor: Actor, wish: Wish): Promise<DkimKey> {
  return make(app, actor, wish, 'dkim.add')
}

/** Makes a domain's next key: the old one signs until this one's time has come, and its record has to stay for what is under way. */
export async function rotate(app: App, actor: Actor, wish: Wish): Promise<DkimKey> {
  return make(app, actor, wish, 'dkim.rotate')
}

async function make(app: App, actor: Actor, wish: Wish, verb: 'dkim.add' | 'dkim.rotate'): Promise<DkimKey> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: 2048 })
  const now = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const { domain } = wish
    const earlier = (await all(db)).filter((key) => key.domain === domain)
    if (verb === 'dkim.add' && earlier.length > 0) throw new Problem('dkim-known', { domain })
    if (verb === 'dkim.rotate' && earlier.length === 0) throw new Problem('dkim-missing', { domain })
    const selector = named(wish.selector, earlier, now)
    const key = await db
      .insertInto('dkim_key')
      .values({
        ...{ domain, selector, signs_at: later(now, wish.after ?? 0), created_at: now },
        private_key: seal(
          app.keys,
          aboutKey({ domain, selector }),
          privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        ),
        public_key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await changes.record(db, actor, now, [{ verb, subject: `domain:${domain}`, after: { selector } }])
    return key
  })
}

/** The selector that was asked for, or one that tells the month. */
function named(asked: string | undefined, earlier: DkimKey[], now: Instant): string {
  const month = `n${moment(now).toString().slice(0, 7).replace('-', '')}`
  const free = (selector: string) => earlier.every((key) => key.selector !== selector)
  const selector =
    asked ??
    [month, ...'abcdefghijklmnopqrstuvwxyz'].map((letter, at) => (at ? month + letter : month)).find(free) ??
    month
  if (!SELECTOR.test(selector)) throw new Problem('bad-slug', { value: selector })
  if (!free(selector)) throw new Problem('slug-taken', { value: selector })
  return selector
}

/** Every key that was ever made, the latest first. */
export async function all(db: Db): Promise<DkimKey[]> {
  return db.selectFrom('dkim_key').selectAll().orderBy('signs_at', 'desc').orderBy('id', 'desc').execute()
}

/** The key that signs for a domain now. */
export function current(keys: DkimKey[], domain: string, now: Instant): DkimKey | undefined {
  return keys.find((key) => key.domain === domain && key.signs_at <= now)
}

/** The TXT record to publish: `text` whole, `zone` as a line of a zone file, in strings of at most 255 letters. */
export function record(key: DkimKey): { name: string; text: string; zone: string } {
  const name = `${key.selector}._domainkey.${key.domain}`
  const text = `v=DKIM1; k=rsa; p=${key.public_key}`
  const strings = text.match(/.{1,255}/g)!.map((part) => `"${part}"`)
  return { name, text, zone: `${name}. IN TXT ( ${strings.join(' ')} )` }
}

/** Opens a key for signing, and proves it: what it signs, its public half verifies. A Problem when it cannot be used. */
export async function open(app: Pick<App, 'keys'>, key: DkimKey): Promise<Signer> {
  const { domain, selector } = key
  try {
    const signer = { domain, selector, key: createPrivateKey(unseal(app.keys, aboutKey(key), key.private_key)) }
    const head = `From: test@${domain}\r\nTo: test@${domain}\r\nSubject: test\r\n\r\n`
    prove(key, (await signature(signer, head, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', 0)) + head)
    return signer
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('dkim-unusable', { domain, selector, reason: (error as Error).message }, { cause: error })
  }
}

/** Verifies a signed letter from its bytes, one in each of its letters, as its receiver will; a Problem when that fails. */
export function prove(key: DkimKey, letter: string): void {
  const { domain, selector } = key
  const reason = verified(Buffer.from(letter, 'latin1'), publicKey(key))
  if (reason) throw new Problem('dkim-unusable', { domain, selector, reason })
}

function publicKey(key: DkimKey): KeyObject {
  return createPublicKey({ key: Buffer.from(key.public_key, 'base64'), format: 'der', type: 'spki' })
}

function aboutKey({ domain, selector }: { domain: string; selector: string }): string {
  return `dkim ${selector}._domainkey.${domain}`
}

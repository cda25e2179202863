import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { record } from '../changes.ts'
import { seal, unseal } from '../keys.ts'
import { take } from '../limits.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import * as people from './people.ts'
import { endAll, hashOf } from './sessions.ts'

/*
 * The second factor: time-based codes (RFC 6238, SHA-1, six digits, thirty seconds, as every authenticator has them) and ten
 * codes for the day on which the telephone is lost.
 */
const LETTERS = '23456789abcdefghjkmnpqrstvwxyz'
const CODES = 10
const TRIES = { most: 10, within: 15 * 60_000 }

/** Begins anew: a secret that is in force when its first code was typed. The address is for authenticators (`otpauth://…`). */
export async function prepare(app: App, account: people.Account): Promise<{ secret: string; address: string }> {
  if (account.totp_at !== null) throw new Problem('factor-known')
  const secret = new Secret({ size: 20 })
  const sealed = seal(app.keys, about(account), secret.base32)
  await app.db
    .updateTable('account')
    .set({ totp: sealed })
    .where('id', '=', account.id)
    .where('totp_at', 'is', null)
    .execute()
  const { name } = await site.show(app, app.read)
  return { secret: secret.base32, address: totp(secret.base32, account.address, name).toString() }
}

/** Puts the prepared factor in force by its first code; answers the recovery codes, which are shown this once. All sessions end. */
export async function confirm(app: App, account: people.Account, code: string): Promise<string[]> {
  const step = account.totp === null || account.totp_at !== null ? null : stepOf(app, account, code)
  if (step === null) throw new Problem('code-wrong')
  const codes = Array.from({ length: CODES }, recoveryCode)
  await app.db.transaction().execute(async (db) => {
    const now = instant(app.now())
    await db.updateTable('account').set({ totp_at: now, totp_step: step }).where('id', '=', account.id).execute()
    await db.deleteFrom('recovery_code').where('account_id', '=', account.id).execute()
    await db
      .insertInto('recovery_code')
      .values(codes.map((one) => ({ account_id: account.id, hash: hashOf(one) })))
      .execute()
    await endAll(db, account.id)
    await record(db, people.actorOf(account), now, [
      { verb: 'account.factor', subject: `account:${account.public_id}` },
    ])
  })
  return codes
}

/** Takes the second factor away, by one of its codes: whoever finds a browser signed in cannot. All sessions end. */
export async function remove(app: App, account: people.Account, code: string): Promise<void> {
  await guess(app, account.id)
  if (account.totp_at === null || !(await verified(app, account, code))) throw new Problem('code-wrong')
  await app.db.transaction().execute(async (db) => {
    const none = { totp: null, totp_at: null, totp_step: null }
    await db.updateTable('account').set(none).where('id', '=', account.id).execute()
    await db.deleteFrom('recovery_code').where('account_id', '=', account.id).execute()
    await endAll(db, account.id)
    await record(db, people.actorOf(account), instant(app.now()), [
      { verb: 'account.factor-off', subject: `account:${account.public_id}` },
    ])
  })
}

/** One of the few tries at a code in a quarter of an hour, wherever it is typed; a Problem when they are used up. */
export async function guess(app: App, accountId: number): Promise<void> {
  if (!(await take(app.db, `sign-in:code:${accountId}`, TRIES, instant(app.now()))))
    throw new Problem('too-many-requests')
}

/** Whether this is a code of now that was not used yet, or a recovery code, which is used up. */
export async function verified(app: App, account: people.Account, typed: string): Promise<boolean> {
  const code = typed.toLowerCase().replace(/[\s-]/g, '')
  const step = /^\d{6}$/.test(code) ? stepOf(app, account, code) : null
  if (step !== null) {
    const used = await app.db
      .updateTable('account')
      .set({ totp_step: step })
      .where('id', '=', account.id)
      .where(({ or, eb }) => or([eb('totp_step', 'is', null), eb('totp_step', '<', step)]))
      .executeTakeFirstOrThrow()
    return Number(used.numUpdatedRows) > 0
  }
  const gone = await app.db
    .deleteFrom('recovery_code')
    .where('account_id', '=', account.id)
    .where('hash', '=', hashOf(code))
    .executeTakeFirstOrThrow()
  return Number(gone.numDeletedRows) > 0
}

/** The step of time that the code belongs to, one earlier or later allowed; null for a wrong one. */
function stepOf(app: App, account: people.Account, code: string): number | null {
  if (account.totp === null) return null
  const one = totp(unseal(app.keys, about(account), account.totp))
  const timestamp = instant(app.now())
  const delta = one.validate({ token: code.replace(/\s/g, ''), timestamp, window: 1 })
  return delta === null ? null : one.counter({ timestamp }) + delta
}

function totp(secret: string, label = '', issuer = ''): TOTP {
  return new TOTP({ secret: Secret.fromBase32(secret), label, issuer })
}

function recoveryCode(): string {
  return Array.from({ length: 12 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

function about(account: people.Account): string {
  return `factor of ${account.public_id}`
}

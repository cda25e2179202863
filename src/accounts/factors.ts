import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { latinDigits } from '../../db/folding.ts'
import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { App } from '../app.ts'
import { record } from '../changes.ts'
import { seal, unseal } from '../keys.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import * as people from './people.ts'
import { check, type Proof } from './proofs.ts'
import { endAll, hashOf, type Visitor } from './sessions.ts'
import { atRemoving, fromInside } from './tries.ts'

/*
 * The second factor: time-based codes (RFC 6238, SHA-1, six digits, thirty seconds, as every authenticator has them) and ten
 * codes for the day on which the telephone is lost.
 */
const LETTERS = '23456789abcdefghjkmnpqrstvwxyz'
const CODES = 10

/**
 * The secret for the authenticator, and the same as an address (`otpauth://…`), for who has just typed the password. It stays
 * the same until its first code puts it in force, however often one looks.
 */
export async function prepare(app: App, visitor: Visitor, proof: Proof): Promise<{ secret: string; address: string }> {
  check(app, visitor, proof)
  const { account } = visitor
  if (account.totp_at !== null) throw new Problem('factor-known')
  await app.db
    .updateTable('account')
    .set({ totp: seal(app.keys, about(account), new Secret({ size: 20 }).base32) })
    .where('id', '=', account.id)
    .where('totp', 'is', null)
    .execute()
  const { totp: sealed } = await people.byId(app.db, account.id)
  if (sealed === null) throw new Problem('proof-expired') // the password was changed this moment
  const secret = unseal(app.keys, about(account), sealed)
  const { name } = await site.show(app, app.read)
  return { secret, address: totp(secret, account.address, name).toString() }
}

/** Puts the prepared factor in force by its first code; answers the recovery codes, which are shown this once. All sessions end. */
export async function confirm(app: App, visitor: Visitor, proof: Proof, code: string): Promise<string[]> {
  check(app, visitor, proof)
  await fromInside(app, 'first', visitor)
  const { account } = visitor
  const step = account.totp_at === null ? stepOf(app, account, digitsOf(code)) : null
  if (step === null) throw new Problem('code-wrong')
  const codes = Array.from({ length: CODES }, recoveryCode)
  await app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    const now = instant(app.now())
    const { numUpdatedRows } = await db
      .updateTable('account')
      .set({ totp_at: now, totp_step: step })
      .where('id', '=', account.id)
      .where('totp', '=', account.totp)
      .where('totp_at', 'is', null)
      .executeTakeFirstOrThrow()
    if (Number(numUpdatedRows) === 0) throw new Problem('factor-known')
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
  await atRemoving(app, account)
  if (account.totp_at === null || !(await verified(app, account, code))) throw new Problem('code-wrong')
  await app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    await clear(db, account.id)
    await endAll(db, account.id)
    await record(db, people.actorOf(account), instant(app.now()), [
      { verb: 'account.factor-off', subject: `account:${account.public_id}` },
    ])
  })
}

/** Forgets the second factor and its recovery codes, in the caller's transaction. */
export async function clear(db: Db, accountId: number): Promise<void> {
  const none = { totp: null, totp_at: null, totp_step: null }
  await db.updateTable('account').set(none).where('id', '=', accountId).execute()
  await db.deleteFrom('recovery_code').where('account_id', '=', accountId).execute()
}

/** How many recovery codes the account has left. */
export async function codesLeft(db: Db, accountId: number): Promise<number> {
  const { n } = await db
    .selectFrom('recovery_code')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Whether this is a code of now that was not used yet, or a recovery code, which is used up. */
export async function verified(app: App, account: people.Account, typed: string): Promise<boolean> {
  const code = digitsOf(typed)
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
  const delta = one.validate({ token: code, timestamp, window: 1 })
  return delta === null ? null : one.counter({ timestamp }) + delta
}

/** As it was meant: spaces and hyphens group it, and a telephone in Arabic or Persian types its own digits. */
function digitsOf(typed: string): string {
  return latinDigits(typed.slice(0, 200)).toLowerCase().replace(/[\s-]/g, '')
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

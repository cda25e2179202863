import { instant } from '../../db/instant.ts'
import { addressHash, email } from '../address.ts'
import type { App } from '../app.ts'
import { record } from '../changes.ts'
import { claimedId, holds, sign } from '../keys.ts'
import { take } from '../limits.ts'
import { Problem } from '../problem.ts'
import { guess, verified } from './factors.ts'
import { hashed, matches } from './passwords.ts'
import * as people from './people.ts'
import { begin, endAll } from './sessions.ts'

/** Where a browser asks from. */
export type From = { agent: string; network: string }

/** What comes of a password: the browser is signed in, or its second factor is asked for. */
export type Entered = { kind: 'in'; token: string } | { kind: 'code'; ticket: string; until: number }

const QUARTER = 15 * 60_000
const PER_ACCOUNT = { most: 10, within: QUARTER }
const PER_NETWORK = { most: 30, within: QUARTER }
const TICKET = 5 * 60_000

/** Checks address and password. The same answer in the same time, whether there is such an account or not. */
export async function enter(app: App, address: string, password: string, from: From): Promise<Entered> {
  await limit(app, `sign-in:network:${from.network}`, PER_NETWORK)
  await limit(app, `sign-in:account:${keyOf(address)}`, PER_ACCOUNT)
  const account = await people.byAddress(app.db, address)
  const right = await matches(password, account?.password ?? null)
  if (!account || !right || account.ended_at !== null) throw new Problem('sign-in-failed')
  if (account.totp_at === null) return { kind: 'in', token: await signedIn(app, account, from) }
  const until = instant(app.now()) + TICKET
  return { kind: 'code', until, ticket: sign(app.keys, 'second', account.id, String(until)) }
}

/** Checks the second factor, or a recovery code, of whoever holds the ticket. */
export async function enterCode(
  app: App,
  { ticket, until, code }: { ticket: string; until: number; code: string },
  from: From,
): Promise<string> {
  const id = claimedId(ticket)
  const good = id !== undefined && until > instant(app.now()) && holds(app.keys, ticket, 'second', id, String(until))
  if (!good) throw new Problem('ticket-expired')
  await guess(app, id)
  const account = await people.byId(app.db, id)
  if (account.ended_at !== null || !(await verified(app, account, code))) throw new Problem('code-wrong')
  return signedIn(app, account, from)
}

/** Changes one's own password, by the old one. All sessions end, and the browser that asked is signed in anew. */
export async function changePassword(
  app: App,
  account: people.Account,
  { before, after }: { before: string; after: string },
  from: From,
): Promise<string> {
  await limit(app, `sign-in:account:${account.address_hash}`, PER_ACCOUNT)
  if (!(await matches(before, account.password))) throw new Problem('password-wrong')
  const password = await hashed(after, [account.name, account.address])
  return app.db.transaction().execute(async (db) => {
    await db.updateTable('account').set({ password }).where('id', '=', account.id).execute()
    await endAll(db, account.id)
    await record(db, people.actorOf(account), instant(app.now()), [
      { verb: 'account.password', subject: `account:${account.public_id}` },
    ])
    return begin(app, db, account, from)
  })
}

async function signedIn(app: App, account: people.Account, from: From): Promise<string> {
  const token = await begin(app, app.db, account, from)
  await record(app.db, people.actorOf(account), instant(app.now()), [
    { verb: 'account.sign-in', subject: `account:${account.public_id}` },
  ])
  return token
}

async function limit(app: App, key: string, most: { most: number; within: number }): Promise<void> {
  if (!(await take(app.db, key, most, instant(app.now())))) throw new Problem('too-many-requests')
}

/** Of an address its hash, of anything else one for all. */
function keyOf(address: string): string {
  try {
    return addressHash(email(address))
  } catch {
    return 'none'
  }
}

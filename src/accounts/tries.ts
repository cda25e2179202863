import { instant } from '../../db/instant.ts'
import { addressHash, email } from '../address.ts'
import type { App } from '../app.ts'
import { type Limit, take } from '../limits.ts'
import { Problem } from '../problem.ts'
import { known } from './devices.ts'
import type { Account, Visitor } from './sessions.ts'

/** Where a browser asks from; `device` is the mark that it was given when it signed in before. */
export type From = { agent: string; network: string; device?: string | undefined }

const QUARTER = 15 * 60_000
const FEW: Limit = { most: 10, within: QUARTER }
const PER_NETWORK: Limit = { most: 30, within: QUARTER }
const DAY = 24 * 3_600_000
const A_DAY: Limit = { most: 20, within: DAY }
const CODES_A_DAY: Limit = { most: 50, within: DAY } // three of a million are right at a time: a year of guessing comes to one in twenty

/** One try at the password of an address, which may be nobody's. A browser that the account knows has tries of its own. */
export async function atPassword(
  app: App,
  { address, account }: { address: string; account: Account | undefined },
  from: From,
): Promise<void> {
  const device = known(app.keys, account, from.device)
  if (device !== undefined) return use(app, `device:${device}`, FEW)
  await use(app, `network:${from.network}`, PER_NETWORK)
  await use(app, `account:${keyOf(address)}`, FEW)
}

/** One try at the second factor of an account whose password was right: few at a time, and not for ever. */
export async function atCode(app: App, account: Account, from: From): Promise<void> {
  const device = known(app.keys, account, from.device)
  const key = device === undefined ? `code:${account.id}` : `code:${device}`
  await use(app, key, FEW)
  await use(app, `${key}:day`, CODES_A_DAY)
}

/** One try at the password, or at the first code, of who is signed in; every browser for itself. */
export async function fromInside(app: App, what: 'password' | 'first', { session }: Visitor): Promise<void> {
  await use(app, `${what}:${session.public_id}`, FEW)
  await use(app, `${what}:${session.public_id}:day`, A_DAY)
}

/** One try at taking the second factor away: few a day, as a browser that was found signed in may try for a month. */
export async function atRemoving(app: App, account: Account): Promise<void> {
  await use(app, `off:${account.id}`, A_DAY)
}

async function use(app: App, key: string, limit: Limit): Promise<void> {
  if (await take(app.db, `sign-in:${key}`, limit, instant(app.now()))) return
  throw new Problem(limit.within === DAY ? 'too-many-tries-today' : 'too-many-tries')
}

/** Of an address its hash, of anything else one for all. */
function keyOf(address: string): string {
  try {
    return addressHash(email(address))
  } catch {
    return 'none'
  }
}

import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import { addressHash, type Email, email, masked } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { publicId } from '../ids.ts'
import { spoken } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import { oneLine } from '../text.ts'
import { annul } from './links.ts'
import { type Granted, rolesOf } from './roles.ts'
import { type Account, endAll } from './sessions.ts'

export type { Account } from './sessions.ts'

/** The turn (db/turns.ts) in which accounts change: two changes at once would each see the other's owner, password or factor as it was. */
export const TURN = 'accounts'

/** How the trail names who did something. */
export function actorOf(account: { public_id: string }): Actor {
  return `account:${account.public_id}`
}

/** Whether anybody works here yet. */
export async function anybody(db: Db): Promise<boolean> {
  return (await db.selectFrom('account').select('id').limit(1).executeTakeFirst()) !== undefined
}

type Draft = { address: Email; name: string; roles: Granted[] }

/**
 * Makes an account, in the caller's transaction and in the accounts' turn; a Problem if somebody works here under the address.
 * One that has ended begins anew: it keeps its id in the trail, and nothing that let it in.
 */
export async function add(app: App, db: Db, actor: Actor, { address, name, roles }: Draft): Promise<Account> {
  const created_at = instant(app.now())
  const { language } = await site.show(app, db)
  const made = await db
    .insertInto('account')
    .values({ public_id: publicId(), address, address_hash: addressHash(address), name, language, created_at })
    .onConflict((conflict) => conflict.column('address_hash').doNothing())
    .returningAll()
    .executeTakeFirst()
  const account = made ?? (await beginAnew(db, { address, name, language }))
  await grant(db, account.id, roles)
  await record(db, actor, created_at, [
    { verb: 'account.add', subject: `account:${account.public_id}`, after: { roles } },
  ])
  return account
}

/** The account that has ended for an address, as if it were new; its links and sessions went when it ended. */
async function beginAnew(
  db: Db,
  { address, name, language }: Omit<Draft, 'roles'> & { language: string },
): Promise<Account> {
  const account = await db
    .updateTable('account')
    .set({ address, name, language, password: null, totp: null, totp_at: null, totp_step: null, ended_at: null })
    .where('address_hash', '=', addressHash(address))
    .where('ended_at', 'is not', null)
    .returningAll()
    .executeTakeFirst()
  if (!account) throw new Problem('account-known', { value: masked(address) })
  for (const table of ['recovery_code', 'account_role', 'session'] as const)
    await db.deleteFrom(table).where('account_id', '=', account.id).execute()
  return account
}

/** All accounts with their roles, those that have ended last. */
export async function all(db: Db): Promise<(Account & { roles: Granted[] })[]> {
  const accounts = await db.selectFrom('account').selectAll().orderBy('ended_at').orderBy('id').execute()
  return Promise.all(accounts.map(async (account) => ({ ...account, roles: await rolesOf(db, account.id) })))
}

/** What these actors of the trail are called, those who are accounts. */
export async function namesOf(db: Db, actors: string[]): Promise<Map<string, string>> {
  const ids = actors.flatMap((actor) => /^account:(.+)$/.exec(actor)?.[1] ?? [])
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('account')
    .select(['public_id', 'name', 'address'])
    .where('public_id', 'in', ids)
    .execute()
  return new Map(rows.map(({ public_id, name, address }) => [`account:${public_id}`, name || address]))
}

/** An account by its inner id. */
export async function byId(db: Db, id: number): Promise<Account> {
  return db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** An account by an inner id that somebody claims; undefined for none. */
export async function known(db: Db, id: number): Promise<Account | undefined> {
  return db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst()
}

/** An account by the id on pages, or a Problem. */
export async function byPublicId(db: Db, publicId: string): Promise<Account> {
  const known = /^[a-z0-9]{11}$/.test(publicId)
  const row = known && (await db.selectFrom('account').selectAll().where('public_id', '=', publicId).executeTakeFirst())
  if (!row) throw new Problem('account-not-found')
  return row
}

/** An account by its address; undefined for none, also for what is no address. */
export async function byAddress(db: Db, text: string): Promise<Account | undefined> {
  try {
    const hash = addressHash(email(text))
    return await db.selectFrom('account').selectAll().where('address_hash', '=', hash).executeTakeFirst()
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

/**
 * A new password (its hash), in the caller's transaction. All sessions and links end, and so does a second factor that was
 * begun and is not in force: whoever knew the old password may know its secret.
 */
export async function setPassword(db: Db, accountId: number, password: string, now: Instant): Promise<void> {
  const account = db.updateTable('account').where('id', '=', accountId)
  await account.set({ password }).execute()
  await account.set({ totp: null }).where('totp_at', 'is', null).execute()
  await annul(db, accountId, now)
  await endAll(db, accountId)
}

/** Grants these roles and no others; all of the account's sessions end. The last owner stays one. */
export async function setRoles(app: App, actor: Actor, account: Account, roles: Granted[]): Promise<void> {
  await app.db.transaction().execute(async (db) => {
    await inTurn(db, TURN)
    const before = await rolesOf(db, account.id)
    const owned = await ownership(db)
    await db.deleteFrom('account_role').where('account_id', '=', account.id).execute()
    await grant(db, account.id, roles)
    await keepOwner(db, owned)
    await endAll(db, account.id)
    await record(db, actor, instant(app.now()), [
      { verb: 'account.roles', subject: `account:${account.public_id}`, before: { roles: before }, after: { roles } },
    ])
  })
}

const LONGEST_NAME = 100

/** What somebody is called at the desk, and which language it speaks with him: one of those that it knows. */
export async function describe(
  app: App,
  account: Account,
  { name, language }: { name: string; language: string },
): Promise<void> {
  if (!spoken.includes(language)) throw new Problem('bad-language', { value: oneLine(language).slice(0, 40) })
  const after = { name: oneLine(name), language }
  if (after.name.length > LONGEST_NAME) throw new Problem('text-too-long', { name: 'name', most: LONGEST_NAME })
  await app.db.transaction().execute(async (db) => {
    await db.updateTable('account').set(after).where('id', '=', account.id).execute()
    await record(db, actorOf(account), instant(app.now()), [
      { verb: 'account.describe', subject: `account:${account.public_id}`, after: { language } },
    ])
  })
}

/** Lets an account in no more: its sessions end at once. Never the last owner. */
export async function end(app: App, actor: Actor, account: Account): Promise<void> {
  const now = instant(app.now())
  await app.db.transaction().execute(async (db) => {
    await inTurn(db, TURN)
    const owned = await ownership(db)
    await db.updateTable('account').set({ ended_at: now }).where('id', '=', account.id).execute()
    await keepOwner(db, owned)
    await annul(db, account.id, now)
    await endAll(db, account.id)
    await record(db, actor, now, [{ verb: 'account.end', subject: `account:${account.public_id}` }])
  })
}

async function grant(db: Db, accountId: number, roles: Granted[]): Promise<void> {
  if (roles.length === 0) throw new Problem('role-missing')
  const rows = roles.map(({ role, list }) => ({ account_id: accountId, role, list_id: list }))
  await db
    .insertInto('account_role')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()) // the same role named twice
    .execute()
}

/** How well the desk is owned: 2 by somebody who can sign in, 1 by somebody who is invited, 0 by nobody. */
async function ownership(db: Db): Promise<0 | 1 | 2> {
  const owners = await db
    .selectFrom('account_role')
    .innerJoin('account', 'account.id', 'account_role.account_id')
    .select('account.password')
    .where('role', '=', 'owner')
    .where('list_id', '=', 0)
    .where('ended_at', 'is', null)
    .execute()
  if (owners.some(({ password }) => password !== null)) return 2
  return owners.length > 0 ? 1 : 0
}

/** Whoever is invited may never come: the last owner who can sign in stays, and where there is none yet, the last who is invited. */
async function keepOwner(db: Db, before: number): Promise<void> {
  const now = await ownership(db)
  if (now === 0 || now < before) throw new Problem('last-owner')
}

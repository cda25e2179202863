import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { AccountTable, Db, SessionTable } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { publicId } from '../ids.ts'
import { derived, type Keys } from '../keys.ts'
import * as retention from '../retention.ts'
import { type Granted, rolesOf } from './roles.ts'

export type Account = Selectable<AccountTable>
export type Session = Selectable<SessionTable>

/** Who asks: an account that is signed in, with what it may do. */
export type Visitor = { account: Account; roles: Granted[]; session: Session }

const IDLE = 12 * 3_600_000
const DAY = 24 * 3_600_000
const LINKS = 30 * DAY // ms that links are remembered after their end
const NOTED = 60_000 // ms between notes that a session was seen

/** Signs a browser in; answers what its cookie is to hold (256 bits, of which only a hash is kept). */
export async function begin(
  app: App,
  db: Db,
  account: { id: number },
  { agent, network }: { agent: string; network: string },
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const now = instant(app.now())
  await db
    .insertInto('session')
    .values({
      ...{ hash: hashOf(token), public_id: publicId(), account_id: account.id },
      ...{ agent: agent.slice(0, 200), network, created_at: now, seen_at: now },
    })
    .execute()
  return token
}

/** Who this cookie belongs to; undefined for one that ended, or never was. */
export async function visitor(app: App, token: string): Promise<Visitor | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return undefined
  const now = instant(app.now())
  const session = await app.db.selectFrom('session').selectAll().where('hash', '=', hashOf(token)).executeTakeFirst()
  if (!session || over(session, now, await longest(app))) return undefined
  const account = await app.db
    .selectFrom('account')
    .selectAll()
    .where('id', '=', session.account_id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  if (!account) return undefined
  if (session.seen_at < later(now, -NOTED))
    await app.db.updateTable('session').set({ seen_at: now }).where('hash', '=', session.hash).execute()
  return { account, session, roles: await rolesOf(app.db, account.id) }
}

/** What a form of this session carries, so that no other site's form is taken for it. */
export function formToken(keys: Keys, session: { hash: string }): string {
  return createHmac('sha256', derived(keys, 'desk form')).update(session.hash).digest('base64url')
}

/** The account's sessions that are not over, the latest first. */
export async function sessionsOf(app: App, accountId: number): Promise<Session[]> {
  const now = instant(app.now())
  const rows = await app.read
    .selectFrom('session')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('seen_at', 'desc')
    .limit(100)
    .execute()
  const most = await longest(app)
  return rows.filter((row) => !over(row, now, most))
}

/** Ends one session of the account, by its public id. */
export async function end(db: Db, accountId: number, publicId: string): Promise<void> {
  await db.deleteFrom('session').where('account_id', '=', accountId).where('public_id', '=', publicId).execute()
}

/** Ends the session that a cookie holds, if it holds one. */
export async function leave(db: Db, token: string): Promise<void> {
  await db.deleteFrom('session').where('hash', '=', hashOf(token)).execute()
}

/** Ends all sessions of the account: its password, second factor or role was changed. */
export async function endAll(db: Db, accountId: number): Promise<void> {
  await db.deleteFrom('session').where('account_id', '=', accountId).execute()
}

/** Forgets sessions and links that are long over. */
export async function forget(app: App): Promise<void> {
  const now = instant(app.now())
  const most = await longest(app)
  await app.db
    .deleteFrom('session')
    .where(({ or, eb }) => or([eb('seen_at', '<', later(now, -IDLE)), eb('created_at', '<', later(now, -most))]))
    .execute()
  await app.db.deleteFrom('invitation').where('expires_at', '<', later(now, -LINKS)).execute()
}

/** What the database keeps of a token that opens something. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** How long a session may last, whoever uses it, in milliseconds. */
async function longest(app: App): Promise<number> {
  return ((await retention.of(app, app.read, 'sessions')) ?? retention.KEPT.sessions.most) * DAY
}

function over(session: Session, now: Instant, most: number): boolean {
  return session.seen_at < later(now, -IDLE) || session.created_at < later(now, -most)
}

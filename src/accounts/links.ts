import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db, InvitationTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import { Problem } from '../problem.ts'
import type { Granted } from './roles.ts'
import { hashOf } from './sessions.ts'

export type Invitation = Selectable<InvitationTable>

/** How long a link lets somebody in. */
const LASTS = { setup: 3_600_000, reset: 3_600_000, 'reset-factor': 3_600_000, invite: 7 * 24 * 3_600_000 }

type Issue = { kind: keyof typeof LASTS; actor: Actor; roles: Granted[]; account_id: number | null }

/** The token of a new link (256 bits, of which only a hash is kept); earlier ones for the account are worth nothing then. */
export async function issue(app: App, db: Db, { kind, actor, roles, account_id }: Issue): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const now = instant(app.now())
  if (account_id !== null) await annul(db, account_id, now)
  await db
    .insertInto('invitation')
    .values({
      ...{ hash: hashOf(token), kind, account_id, roles: JSON.stringify(roles), actor },
      ...{ created_at: now, expires_at: later(now, LASTS[kind]), used_at: null },
    })
    .execute()
  return token
}

/** The invitation that a token stands for; a Problem for one that was used, is over or never was. */
export async function open(db: Db, token: string, now: Instant): Promise<Invitation> {
  const known = /^[A-Za-z0-9_-]{43}$/.test(token)
  const row =
    known && (await db.selectFrom('invitation').selectAll().where('hash', '=', hashOf(token)).executeTakeFirst())
  if (!row) throw new Problem('link-invalid')
  if (row.used_at !== null || row.expires_at < now || !(await welcome(db, row))) throw new Problem('invitation-over')
  return row
}

/** Makes all links of an account that were not used worth nothing. */
export async function annul(db: Db, accountId: number, now: Instant): Promise<void> {
  await db
    .updateTable('invitation')
    .set({ used_at: now })
    .where('account_id', '=', accountId)
    .where('used_at', 'is', null)
    .execute()
}

/** Whoever is to be the first comes too late when somebody is there; an account that has ended has no way back in. */
async function welcome(db: Db, { account_id }: Invitation): Promise<boolean> {
  const accounts = db.selectFrom('account').select('id').limit(1)
  if (account_id === null) return (await accounts.executeTakeFirst()) === undefined
  const open = accounts.where('id', '=', account_id).where('ended_at', 'is', null)
  return (await open.executeTakeFirst()) !== undefined
}

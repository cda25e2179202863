import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db, InvitationTable } from '../../db/schema.ts'
import { type Email, email } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { Problem } from '../problem.ts'
import { oneLine } from '../text.ts'
import { hashed } from './passwords.ts'
import * as people from './people.ts'
import type { Granted } from './roles.ts'
import { endAll, hashOf } from './sessions.ts'

export type Invitation = Selectable<InvitationTable>

/** How long a link lets somebody in. */
const LASTS = { setup: 3_600_000, reset: 3_600_000, invite: 7 * 24 * 3_600_000 }

/** The token of a link for the first owner; undefined when there is somebody already. Earlier ones are worth nothing then. */
export async function setUp(app: App): Promise<string | undefined> {
  return app.db.transaction().execute(async (db) => {
    if (await people.anybody(db)) return undefined
    await db.deleteFrom('invitation').where('kind', '=', 'setup').execute()
    return issue(app, db, { kind: 'setup', actor: 'cli', roles: [{ role: 'owner', list: 0 }], account_id: null })
  })
}

/** Makes an account without a password and the token of the link that lets its owner choose one, within seven days. */
export async function invite(
  app: App,
  actor: Actor,
  { address, roles, name = '' }: { address: string; roles: Granted[]; name?: string },
): Promise<{ account: people.Account; token: string }> {
  return app.db.transaction().execute(async (db) => {
    const account = await people.add(app, db, actor, { address: email(address), name: oneLine(name), roles })
    return { account, token: await issue(app, db, { kind: 'invite', actor, roles, account_id: account.id }) }
  })
}

/** The token of a link that lets an account choose a new password, within an hour. */
export async function reset(app: App, actor: Actor, account: { id: number }): Promise<string> {
  return app.db
    .transaction()
    .execute((db) => issue(app, db, { kind: 'reset', actor, roles: [], account_id: account.id }))
}

/** The invitation that a link stands for; a Problem for one that was used, is over or never was. */
export async function read(app: App, token: string): Promise<Invitation> {
  return open(app.db, token, instant(app.now()))
}

type Chosen = { password: string; name: string; address: string; language: string }

/** Lets somebody in: the first owner names himself, all choose a password. The link is worth nothing afterwards. */
export async function accept(app: App, token: string, chosen: Chosen): Promise<people.Account> {
  const now = instant(app.now())
  const { kind, account_id } = await open(app.db, token, now)
  const address: Email | undefined = kind === 'setup' ? email(chosen.address) : undefined
  const before = account_id === null ? undefined : await people.byId(app.db, account_id)
  const password = await hashed(chosen.password, [chosen.name, address ?? before?.address ?? ''])
  return app.db.transaction().execute(async (db) => {
    const { numUpdatedRows } = await db
      .updateTable('invitation')
      .set({ used_at: now })
      .where('hash', '=', hashOf(token))
      .where('used_at', 'is', null)
      .executeTakeFirstOrThrow()
    if (Number(numUpdatedRows) === 0) throw new Problem('link-expired')
    const { roles } = await db
      .selectFrom('invitation')
      .select('roles')
      .where('hash', '=', hashOf(token))
      .executeTakeFirstOrThrow()
    const account =
      before ??
      (await people.add(app, db, 'setup', {
        address: address!,
        name: oneLine(chosen.name),
        roles: JSON.parse(roles) as Granted[],
      }))
    await db.updateTable('account').set({ password, language: chosen.language }).where('id', '=', account.id).execute()
    await endAll(db, account.id)
    await record(db, people.actorOf(account), now, [
      { verb: `account.${kind}`, subject: `account:${account.public_id}` },
    ])
    return people.byId(db, account.id)
  })
}

async function open(db: Db, token: string, now: Instant): Promise<Invitation> {
  const known = /^[A-Za-z0-9_-]{43}$/.test(token)
  const row =
    known && (await db.selectFrom('invitation').selectAll().where('hash', '=', hashOf(token)).executeTakeFirst())
  if (!row) throw new Problem('link-invalid')
  if (row.used_at !== null || row.expires_at < now) throw new Problem('link-expired')
  return row
}

type Issue = { kind: keyof typeof LASTS; actor: Actor; roles: Granted[]; account_id: number | null }

async function issue(app: App, db: Db, { kind, actor, roles, account_id }: Issue): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const now = instant(app.now())
  await db
    .insertInto('invitation')
    .values({
      ...{ hash: hashOf(token), kind, account_id, roles: JSON.stringify(roles), actor },
      ...{ created_at: now, expires_at: later(now, LASTS[kind]), used_at: null },
    })
    .execute()
  return token
}

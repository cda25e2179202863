import { instant } from '../../db/instant.ts'
import { inTurn } from '../../db/turns.ts'
import { type Email, email } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { Problem } from '../problem.ts'
import { oneLine } from '../text.ts'
import * as factors from './factors.ts'
import * as links from './links.ts'
import { hashed } from './passwords.ts'
import * as people from './people.ts'
import type { Granted } from './roles.ts'

/** The token of a link for the first owner; undefined when there is somebody already. Earlier ones are worth nothing then. */
export async function setUp(app: App): Promise<string | undefined> {
  return app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    if (await people.anybody(db)) return undefined
    await db.deleteFrom('invitation').where('kind', '=', 'setup').execute()
    const roles: Granted[] = [{ role: 'owner', list: 0 }]
    return links.issue(app, db, { kind: 'setup', actor: 'cli', roles, account_id: null })
  })
}

/** Makes an account without a password and the token of the link that lets its owner choose one, within seven days. */
export async function invite(
  app: App,
  actor: Actor,
  { address, roles, name = '' }: { address: string; roles: Granted[]; name?: string },
): Promise<{ account: people.Account; token: string }> {
  return app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    const account = await people.add(app, db, actor, { address: email(address), name: oneLine(name), roles })
    return { account, token: await links.issue(app, db, { kind: 'invite', actor, roles, account_id: account.id }) }
  })
}

/**
 * The token of a link that lets an account choose a new password, within an hour; `withoutFactor`: whoever uses it has lost
 * telephone and recovery codes, so the second factor goes then, too.
 */
export async function reset(
  app: App,
  actor: Actor,
  account: { id: number },
  { withoutFactor = false } = {},
): Promise<string> {
  return app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    const { ended_at, public_id } = await people.byId(db, account.id)
    if (ended_at !== null) throw new Problem('account-ended')
    const kind = withoutFactor ? 'reset-factor' : 'reset'
    await record(db, actor, instant(app.now()), [
      { verb: 'account.link', subject: `account:${public_id}`, after: { withoutFactor } },
    ])
    return links.issue(app, db, { kind, actor, roles: [], account_id: account.id })
  })
}

/** The invitation that a link stands for; a Problem for one that was used, is over or never was. */
export async function read(app: App, token: string): Promise<links.Invitation> {
  return links.open(app.db, token, instant(app.now()))
}

export type Chosen = { password: string; name: string; address: string; language: string }

/** Takes a link at its word: the first owner names himself, all choose a password. It is worth nothing afterwards, nor is any other. */
export async function accept(app: App, token: string, chosen: Chosen): Promise<people.Account> {
  const now = instant(app.now())
  const { kind, account_id } = await links.open(app.db, token, now)
  const address: Email | undefined = kind === 'setup' ? email(chosen.address) : undefined
  const before = account_id === null ? undefined : await people.byId(app.db, account_id)
  const password = await hashed(chosen.password, [chosen.name, address ?? before?.address ?? ''])
  return app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    const invitation = await links.open(db, token, now) // somebody else may have been faster
    const name = oneLine(chosen.name)
    const roles = JSON.parse(invitation.roles) as Granted[]
    const account = before ?? (await people.add(app, db, 'setup', { address: address!, name, roles }))
    await db.updateTable('invitation').set({ used_at: now }).where('hash', '=', invitation.hash).execute()
    await people.setPassword(db, account.id, password, now)
    await db.updateTable('account').set({ language: chosen.language }).where('id', '=', account.id).execute()
    const subject = `account:${account.public_id}`
    const verbs = kind === 'reset-factor' ? ['account.reset', 'account.factor-off'] : [`account.${kind}`]
    if (kind === 'reset-factor') await factors.clear(db, account.id)
    await record(
      db,
      people.actorOf(account),
      now,
      verbs.map((verb) => ({ verb, subject })),
    )
    return people.byId(db, account.id)
  })
}

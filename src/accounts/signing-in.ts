import { instant } from '../../db/instant.ts'
import { inTurn } from '../../db/turns.ts'
import type { App } from '../app.ts'
import { record } from '../changes.ts'
import { claimedId, holds, sign } from '../keys.ts'
import { Problem } from '../problem.ts'
import { mark } from './devices.ts'
import { verified } from './factors.ts'
import * as invitations from './invitations.ts'
import { hashed, matches } from './passwords.ts'
import * as people from './people.ts'
import { ask } from './proofs.ts'
import { begin, type Visitor } from './sessions.ts'
import { atCode, atPassword, type From } from './tries.ts'

/** A browser that is signed in: what its two cookies hold, of which `device` only says that it was here. */
export type Inside = { kind: 'in'; token: string; device: string }

/** What comes of a password: the browser is signed in, or its second factor is asked for. */
export type Entered = Inside | { kind: 'code'; ticket: string; until: number }

const TICKET = 5 * 60_000

/** Checks address and password. The same answer in the same time, whether there is such an account or not. */
export async function enter(app: App, address: string, password: string, from: From): Promise<Entered> {
  const account = await people.byAddress(app.db, address)
  await atPassword(app, { address, account }, from)
  const right = await matches(password, account?.password ?? null)
  if (!account || !right || account.ended_at !== null) throw new Problem('sign-in-failed')
  return entered(app, account, from)
}

/** Lets somebody in by a link and the password that they choose with it; whoever has a second factor is asked for it. */
export async function accept(app: App, token: string, chosen: invitations.Chosen, from: From): Promise<Entered> {
  return entered(app, await invitations.accept(app, token, chosen), from)
}

/** Checks the second factor, or a recovery code, of whoever holds the ticket. */
export async function enterCode(
  app: App,
  { ticket, until, code }: { ticket: string; until: number; code: string },
  from: From,
): Promise<Inside> {
  const id = claimedId(ticket)
  const account = id === undefined ? undefined : await people.known(app.db, id)
  const good =
    account && until > instant(app.now()) && holds(app.keys, ticket, 'second', account.id, about(account, until))
  if (!good) throw new Problem('ticket-expired')
  await atCode(app, account, from)
  if (account.ended_at !== null || !(await verified(app, account, code))) throw new Problem('code-wrong')
  return signedIn(app, account, from)
}

/** Changes one's own password, by the old one. All sessions end, and the browser that asked is signed in anew. */
export async function changePassword(
  app: App,
  visitor: Visitor,
  { before, after }: { before: string; after: string },
  from: From,
): Promise<string> {
  const { account } = visitor
  await ask(app, visitor, before)
  const password = await hashed(after, [account.name, account.address])
  return app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    if ((await people.byId(db, account.id)).password !== account.password) throw new Problem('password-wrong')
    await people.setPassword(db, account.id, password, instant(app.now()))
    await record(db, people.actorOf(account), instant(app.now()), [
      { verb: 'account.password', subject: `account:${account.public_id}` },
    ])
    return begin(app, db, account, from)
  })
}

async function entered(app: App, account: people.Account, from: From): Promise<Entered> {
  if (account.totp_at === null) return signedIn(app, account, from)
  const until = instant(app.now()) + TICKET
  return { kind: 'code', until, ticket: sign(app.keys, 'second', account.id, about(account, until)) }
}

/** What was checked was checked a moment ago: an account that was changed since then ended its sessions, and gets no new one. */
async function signedIn(app: App, account: people.Account, from: From): Promise<Inside> {
  const token = await app.db.transaction().execute(async (db) => {
    await inTurn(db, people.TURN)
    const now = await people.byId(db, account.id)
    if (now.password !== account.password || now.totp_at !== account.totp_at || now.ended_at !== null)
      throw new Problem('sign-in-failed')
    await record(db, people.actorOf(account), instant(app.now()), [
      { verb: 'account.sign-in', subject: `account:${account.public_id}` },
    ])
    return begin(app, db, account, from)
  })
  return { kind: 'in', token, device: mark(app.keys, account) }
}

/** A ticket is worth nothing once the password that it was given for is another. */
function about({ password }: people.Account, until: number): string {
  return `${until} ${password}`
}

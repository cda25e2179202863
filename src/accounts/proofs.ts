import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { holds, sign } from '../keys.ts'
import { Problem } from '../problem.ts'
import { matches } from './passwords.ts'
import type { Visitor } from './sessions.ts'
import { fromInside } from './tries.ts'

/** That a session's owner has typed the password a short while ago; goes along in a form's fields, until a time in ms. */
export type Proof = { ticket: string; until: number }

const LASTS = 15 * 60_000

/** Asks who is signed in for the password again, as anybody may have found the browser; a Problem for a wrong one. */
export async function ask(app: App, visitor: Visitor, password: string): Promise<void> {
  await fromInside(app, 'password', visitor)
  if (!(await matches(password, visitor.account.password))) throw new Problem('password-wrong')
}

/** The proof that the password was typed, for as long as it takes to set up an authenticator. */
export async function prove(app: App, visitor: Visitor, password: string): Promise<Proof> {
  await ask(app, visitor, password)
  const until = instant(app.now()) + LASTS
  return { until, ticket: sign(app.keys, 'factor', visitor.account.id, about(visitor, until)) }
}

/** A Problem for a proof that is over, or another session's. */
export function check(app: App, visitor: Visitor, { ticket, until }: Proof): void {
  const fresh = until > instant(app.now())
  if (!fresh || !holds(app.keys, ticket, 'factor', visitor.account.id, about(visitor, until)))
    throw new Problem('proof-expired')
}

function about({ session }: Visitor, until: number): string {
  return `${session.hash} ${until}`
}

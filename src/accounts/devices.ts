import { randomBytes } from 'node:crypto'
import { claimedId, holds, type Keys, sign } from '../keys.ts'

/*
 * A browser that an account has signed in from keeps a mark that opens nothing. It says whose wrong passwords are counted
 * together, so that strangers who try an account's password hold up strangers, and not whoever works there every day.
 */
const MARK = /^([A-Za-z0-9_-]{30})\.([A-Za-z0-9_-]{22})$/

/** A new mark for a browser that has just signed in. */
export function mark(keys: Keys, account: { id: number }): string {
  const name = randomBytes(16).toString('base64url')
  return `${sign(keys, 'device', account.id, name)}.${name}`
}

/** The browser's name, where its mark is one of this account's; undefined for every other. */
export function known(keys: Keys, account: { id: number } | undefined, marked: string | undefined): string | undefined {
  const [, token = '', name] = MARK.exec(marked ?? '') ?? []
  if (!account || claimedId(token) !== account.id) return undefined
  return holds(keys, token, 'device', account.id, name) ? name : undefined
}

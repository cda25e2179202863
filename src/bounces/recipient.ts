import { addressHash, email } from '../address.ts'
import type { App } from '../app.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import { type About, aboutOf, leavingOf } from './envelope.ts'

/** Whom mail may come in for: the envelope sender of a letter, the address that leaves a list, or whoever writes our letters. */
export type Recipient =
  | { role: 'letter'; about: About }
  | { role: 'leave'; token: string }
  | { role: 'paper'; lists: number[] }

/** What an address of ours is for; undefined for any other, and for one that we did not write. */
export async function recipientOf(app: App, address: string): Promise<Recipient | undefined> {
  const local = address.slice(0, Math.max(0, address.lastIndexOf('@')))
  const about = aboutOf(app.keys, local)
  if (about) return { role: 'letter', about }
  const token = leavingOf(local)
  if (token !== undefined) return (await leaves(app, token)) ? { role: 'leave', token } : undefined
  const lists = await writtenBy(app, address)
  return lists && { role: 'paper', lists }
}

async function leaves(app: App, token: string): Promise<boolean> {
  return subscribers.readLeaving(app, token).then(
    () => true,
    () => false,
  )
}

/** The lists whose letters come from this address or ask for answers to it; undefined when it is none of ours. */
async function writtenBy(app: App, address: string): Promise<number[] | undefined> {
  const hash = hashOf(address)
  if (hash === undefined) return undefined
  const identity = await site.show(app, app.read)
  const paper = [app.config.from?.address, identity.sender, identity.reply_to].some((one) => hashOf(one) === hash)
  const lists = await app.read.selectFrom('list').select(['id', 'sender', 'reply_to']).execute()
  const own = lists.filter(({ sender, reply_to }) => hashOf(sender) === hash || hashOf(reply_to) === hash)
  if (paper) return lists.filter((list) => list.sender === null || own.includes(list)).map(({ id }) => id)
  return own.length > 0 ? own.map(({ id }) => id) : undefined
}

/** The hash of a bare address or of `Name <address>`. */
function hashOf(text: string | null | undefined): string | undefined {
  try {
    return text ? addressHash(email(/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text)) : undefined
  } catch {
    return undefined
  }
}

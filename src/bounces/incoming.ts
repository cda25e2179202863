import { createHash } from 'node:crypto'
import { instant } from '../../db/instant.ts'
import { addressHash, email } from '../address.ts'
import type { App } from '../app.ts'
import * as limits from '../limits.ts'
import * as subscribers from '../subscribers/index.ts'
import { aboutOriginal } from './about.ts'
import type { About } from './envelope.ts'
import type { Judged } from './message.ts'
import type { Recipient } from './recipient.ts'
import type { Finding, Kind } from './status.ts'
import { take } from './take.ts'

/**
 * What became of a message: taken in; `idle`, nothing to do with our letters; `unread`, written by a person to an address
 * that nobody reads. What comes to an address that only letters have is taken in, whatever it is.
 */
export type Outcome = 'taken' | 'idle' | 'unread'

/** Answers that name no letter of ours: anybody can write one in anybody's name, so that few are believed. */
const UNPROVED = { most: 20, within: 3_600_000 }

/** The worst first: of several things that one message says of one letter, only one counts. */
const WEIGHT: Kind[] = ['complaint', 'leaving', 'hard', 'full', 'policy', 'soft', 'delayed']

/** Does what a message asks for that came to one of our addresses; `digest` names the message, so that it counts once. */
export async function receive(app: App, recipient: Recipient, message: Judged, digest: string): Promise<Outcome> {
  const { verdict } = message
  switch (verdict.what) {
    case 'report': {
      const about = recipient.role === 'letter' ? recipient.about : await aboutOriginal(app, verdict.original)
      if (about) await report(app, about, verdict.findings, digest)
      else app.log.info('a bounce names no letter of ours', { kind: verdict.findings[0]!.kind })
      return about || recipient.role !== 'paper' ? 'taken' : 'idle'
    }
    case 'automatic':
      if (recipient.role === 'leave' && asOurLinkAsks(message))
        await subscribers.leave(app, recipient.token, 'mail', '')
      return recipient.role === 'paper' ? 'idle' : 'taken'
    case 'order':
    case 'other':
      if (recipient.role === 'leave') {
        await subscribers.leave(app, recipient.token, 'mail', '')
        return 'taken'
      }
      if (verdict.what === 'order' && (await order(app, recipient, message)) > 0) return 'taken'
      if (recipient.role === 'letter') return 'taken'
      return verdict.what === 'order' ? 'idle' : 'unread'
  }
}

/** Whether it has the subject that our List-Unsubscribe names: a mail program wrote it for its reader, and may say so. */
function asOurLinkAsks({ header }: Judged): boolean {
  return /^unsubscribe$/i.test((header['subject'] ?? '').trim())
}

/** Names a message by what its sender wrote: a second way here adds fields on top, and changes nothing below. */
export function digestOf(recipient: Recipient, message: Judged, raw: Buffer): string {
  const head = raw.indexOf('\r\n\r\n')
  const body = raw.subarray(head < 0 ? 0 : head)
  const to = recipient.role === 'letter' ? recipient.about : recipient.role === 'leave' ? recipient.token : 'paper'
  const named = `${JSON.stringify(to)}\n${message.header['message-id'] ?? ''}\n${message.header['date'] ?? ''}\n`
  return createHash('sha256').update(named).update(body).digest('hex')
}

async function report(app: App, about: About, findings: Finding[], digest: string): Promise<void> {
  const [worst] = findings.toSorted((a, b) => WEIGHT.indexOf(a.kind) - WEIGHT.indexOf(b.kind))
  await take(app, { ...about, ...worst!, via: 'mail', key: `mail ${digest}` })
}

/**
 * Somebody answers with nothing but the wish to leave: the one whose letter came back with it, or else the address that it
 * comes from, from the lists of whom it was written to. Answers how many subscriptions that were.
 */
async function order(app: App, recipient: Recipient, { from, header }: Judged): Promise<number> {
  const about =
    recipient.role === 'letter'
      ? recipient.about
      : await aboutOriginal(app, `${header['in-reply-to'] ?? ''} ${header['references'] ?? ''}`)
  const lists = recipient.role === 'paper' ? recipient.lists : undefined
  if (!about && lists && !(await limits.take(app.db, 'answers to the paper', UNPROVED, instant(app.now())))) {
    app.log.warn('many answers ask to leave without the letter that they answer: those of this hour go unheard', {})
    return 0
  }
  const ids = await subscriptions(app, from, about, lists)
  for (const id of ids) await subscribers.leaveFor(app, id, 'mail')
  app.log.info('an answer asks to leave', { subscriptions: ids.length })
  return ids.length
}

async function subscriptions(
  app: App,
  from: string,
  about: About | undefined,
  lists: number[] | undefined,
): Promise<number[]> {
  const rows = app.read
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select('subscription.id')
    .where(subscribers.LEAVABLE)
  if (about)
    return idsOf(
      rows
        .where('subscriber.id', '=', about.subscriber_id)
        .$if(about.edition_id !== null, (query) =>
          query.where('list_id', 'in', (one) =>
            one
              .selectFrom('edition')
              .innerJoin('digest', 'digest.id', 'edition.digest_id')
              .select('digest.list_id')
              .where('edition.id', '=', about.edition_id!),
          ),
        ),
    )
  const hash = hashOf(from)
  if (hash === undefined || !lists) return []
  return idsOf(rows.where('address_hash', '=', hash).where('list_id', 'in', lists))
}

async function idsOf(query: { execute(): Promise<{ id: number }[]> }): Promise<number[]> {
  return (await query.execute()).map(({ id }) => id)
}

function hashOf(address: string): string | undefined {
  try {
    return addressHash(email(address))
  } catch {
    return undefined
  }
}

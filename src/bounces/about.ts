import type { App } from '../app.ts'
import { claimedId, holds } from '../keys.ts'
import { type About, aboutOf } from './envelope.ts'

const TRIED = 5 // of each kind: a hostile message may hold thousands

/**
 * Whom a letter of ours went to that came back without our own envelope: its tokens say so, or its Message-ID, whose two
 * random names nobody knows who has not seen the letter. An address alone proves nothing: anybody can write it down.
 */
export async function aboutOriginal(app: App, original: string): Promise<About | undefined> {
  for (const [, local] of some(original, /\b(b\+[a-z2-7]{44})@/gi)) {
    const about = aboutOf(app.keys, local!)
    if (about) return about
  }
  for (const [, edition, subscriber] of some(original, /<e([0-9a-z]{11})\.([0-9a-z]{11})@/g)) {
    const about = await aboutMessageId(app, edition!, subscriber!)
    if (about) return about
  }
  for (const [, token] of some(original, /\/unsubscribe\/([\w-]{30})(?![\w-])/g)) {
    const about = await aboutUnsubscribe(app, token!)
    if (about) return about
  }
  return undefined
}

/** The delivery that a Message-ID of ours names. */
export async function aboutMessageId(app: App, edition: string, subscriber: string): Promise<About | undefined> {
  return app.read
    .selectFrom('edition')
    .innerJoin('delivery', 'delivery.edition_id', 'edition.id')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .select(['delivery.edition_id', 'delivery.subscriber_id'])
    .where('edition.public_id', '=', edition)
    .where('subscriber.public_id', '=', subscriber)
    .executeTakeFirst()
}

async function aboutUnsubscribe({ read, keys }: App, token: string): Promise<About | undefined> {
  const id = claimedId(token)
  if (id === undefined || !holds(keys, token, 'unsubscribe', id)) return undefined
  const row = await read.selectFrom('subscription').select('subscriber_id').where('id', '=', id).executeTakeFirst()
  return row && { edition_id: null, subscriber_id: row.subscriber_id }
}

function some(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern).take(TRIED)]
}

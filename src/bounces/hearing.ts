import { instant } from '../../db/instant.ts'
import { addressHash, email } from '../address.ts'
import type { App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import { Problem } from '../problem.ts'
import { aboutMessageId } from './about.ts'
import { known, remember } from './arrivals.ts'
import type { About } from './envelope.ts'
import { findHook, type Hook } from './hooks.ts'
import type { Event, Heard, Posted } from './providers/event.ts'
import * as mailgun from './providers/mailgun.ts'
import * as postmark from './providers/postmark.ts'
import * as sendgrid from './providers/sendgrid.ts'
import * as ses from './providers/ses.ts'
import { take } from './take.ts'

const RECENT = 50 // deliveries of a reader that an answer to DATA is looked for in
const CERTIFICATES = 8 // kept

/** What a provider is told: how many events were new to us. */
export type Told = { taken: number }

/**
 * Takes in what a provider has posted. A Problem where nobody was asked to (`hook-unknown`), where the signature does not
 * hold (`hook-forged`), where it is too old (`hook-stale`) or cannot be read (`hook-unreadable`); nothing has changed then.
 */
export async function hear(app: App, provider: string, posted: Omit<Posted, 'now'>): Promise<Told> {
  const hook = await findHook(app.read, app.keys, provider)
  const heard = await heardFrom(app, hook, { ...posted, now: instant(app.now()) })
  if (typeof heard === 'string') {
    app.log.warn('a post to a hook is refused', { provider, reason: heard })
    throw new Problem(`hook-${heard}`, { provider })
  }
  if ('confirm' in heard) {
    await fetching.get(app, heard.confirm, { mostBytes: 100_000 })
    app.log.info('a hook is confirmed', { provider })
    return { taken: 0 }
  }
  const once = heard.once && `${provider} once ${heard.once}`
  if (once && (await known(app.db, once))) return { taken: 0 }
  let taken = 0
  for (const event of heard.events) if (await takeEvent(app, provider, event)) taken++
  if (once) await remember(app.db, once, instant(app.now()))
  return { taken }
}

async function heardFrom(app: App, hook: Hook, posted: Posted): Promise<Heard> {
  switch (hook.provider) {
    case 'ses':
      return ses.hear(hook.settings, posted, (url) => certificate(app, url))
    case 'postmark':
      return postmark.hear(hook.settings, posted)
    case 'sendgrid':
      return sendgrid.hear(hook.settings, posted)
    case 'mailgun':
      return mailgun.hear(hook.settings, posted)
  }
}

const certificates = new WeakMap<App['database'], Map<string, string>>()

/** A certificate, fetched once. */
async function certificate(app: App, url: string): Promise<string> {
  const kept = certificates.get(app.database) ?? new Map<string, string>()
  certificates.set(app.database, kept)
  const found = kept.get(url)
  if (found !== undefined) return found
  const { status, body } = await fetching.get(app, url, { mostBytes: 20_000 })
  const pem = body.toString('latin1')
  if (status !== 200) throw new Problem('fetch-failed', { host: new URL(url).host, reason: `it answers ${status}` })
  if (kept.size >= CERTIFICATES) kept.clear()
  kept.set(url, pem)
  return pem
}

async function takeEvent(app: App, provider: string, event: Event): Promise<boolean> {
  const { id, messageId, relayId, ...finding } = event
  const about = id === '' ? undefined : await aboutEvent(app, { ...finding, messageId, relayId })
  return (
    about !== undefined && take(app, { ...about, ...finding, via: provider, key: `${provider} ${id}`.slice(0, 500) })
  )
}

type Named = { address: string; messageId: string | undefined; relayId: string | undefined }

/** The letter by our own Message-ID; else its reader by the address, and the letter by what its relay called it. */
async function aboutEvent(app: App, { address, messageId, relayId }: Named): Promise<About | undefined> {
  const [, edition, subscriber] = /<?e([0-9a-z]{11})\.([0-9a-z]{11})@/.exec(messageId ?? '') ?? []
  const named = edition && subscriber ? await aboutMessageId(app, edition, subscriber) : undefined
  if (named) return named
  const reader = await readerAt(app, address)
  if (reader === undefined) return undefined
  return { subscriber_id: reader, edition_id: relayId ? await editionBy(app, reader, relayId) : null }
}

async function readerAt({ read }: App, address: string): Promise<number | undefined> {
  let hash: string
  try {
    hash = addressHash(email(address))
  } catch {
    return undefined
  }
  return (await read.selectFrom('subscriber').select('id').where('address_hash', '=', hash).executeTakeFirst())?.id
}

async function editionBy({ read }: App, reader: number, relayId: string): Promise<number | null> {
  const rows = await read
    .selectFrom('delivery')
    .select(['edition_id', 'reply'])
    .where('subscriber_id', '=', reader)
    .where('reply', 'is not', null)
    .orderBy('edition_id', 'desc')
    .limit(RECENT)
    .execute()
  return rows.find(({ reply }) => reply!.includes(relayId))?.edition_id ?? null
}

import { createHmac, timingSafeEqual } from 'node:crypto'
import { at, parsed, word } from '../json.ts'
import type { Kind } from '../status.ts'
import { type Event, failure, type Heard, named, type Posted, recent } from './event.ts'

/** The HTTP webhook signing key that Mailgun shows. */
export type Settings = { key: string }

const VALID = 86_400_000 // ms: it repeats for eight hours
const REASONS: Record<string, Kind> = {
  'suppress-bounce': 'hard',
  'suppress-complaint': 'complaint',
  'suppress-unsubscribe': 'leaving',
}

/** Reads one event. The signature covers a moment and a token, not the event: each token is good for one time. */
export function hear({ key }: Settings, { body, now }: Posted): Heard {
  const document = parsed(body)
  if (typeof document !== 'object' || document === null) return 'unreadable'
  const timestamp = word(document, 'signature', 'timestamp')
  const token = word(document, 'signature', 'token')
  if (!token || !genuine(key, timestamp + token, word(document, 'signature', 'signature'))) return 'forged'
  if (!recent(Number(timestamp) * 1000, now, VALID)) return 'stale'
  return { events: events(at(document, 'event-data')), once: token }
}

function genuine(key: string, text: string, signature: string): boolean {
  const own = createHmac('sha256', key).update(text).digest('hex')
  return signature.length === own.length && timingSafeEqual(Buffer.from(signature), Buffer.from(own))
}

function events(one: unknown): Event[] {
  const about = {
    ...{ id: word(one, 'id'), address: word(one, 'recipient') },
    messageId: word(one, 'message', 'headers', 'message-id'),
  }
  switch (word(one, 'event')) {
    case 'failed':
      return [failed(one, about)]
    case 'complained':
      return [named('complaint', { ...about, words: 'complained' })]
    case 'unsubscribed':
      return [named('leaving', { ...about, words: 'unsubscribed' })]
    default:
      return []
  }
}

function failed(one: unknown, about: { id: string; address: string; messageId: string }): Event {
  const told = at(one, 'delivery-status')
  const words = `${word(told, 'code')} ${word(told, 'message') || word(told, 'description')}`
  const reason = REASONS[word(one, 'reason')]
  if (reason === 'hard') return failure({ ...about, status: '5.1.1', words }, () => 'hard')
  if (reason) return named(reason, { ...about, words })
  if (word(one, 'severity') !== 'permanent') return named('delayed', { ...about, words })
  return failure({ ...about, status: word(told, 'enhanced-code'), words })
}

import { createPublicKey, verify } from 'node:crypto'
import { parsed, word } from '../json.ts'
import type { Kind } from '../status.ts'
import { type Event, failure, type Heard, named, type Posted, recent } from './event.ts'

/** The verification key that SendGrid shows: a public key on P-256, base64 of its DER. */
export type Settings = { key: string }

const VALID = 2 * 86_400_000 // ms
const DROPPED: Record<string, Kind> = {
  'Bounced Address': 'hard',
  Invalid: 'hard',
  'Spam Reporting Address': 'complaint',
  'Unsubscribed Address': 'leaving',
}
const OURS = ['Reputation', 'Content', 'Frequency or Volume Too High'] // of its classes of bounces

/** Reads a batch of events, signed over its moment and its very bytes. */
export function hear(settings: Settings, { header, body, now }: Posted): Heard {
  const timestamp = header('x-twilio-email-event-webhook-timestamp') ?? ''
  const signature = header('x-twilio-email-event-webhook-signature') ?? ''
  if (!/^\d{1,13}$/.test(timestamp) || !genuine(settings, timestamp, body, signature)) return 'forged'
  if (!recent(Number(timestamp) * 1000, now, VALID)) return 'stale'
  const batch = parsed(body)
  return Array.isArray(batch) ? { events: batch.flatMap(events) } : 'unreadable'
}

/** The public key in the settings, or undefined where it is none. */
export function publicKey(key: string) {
  try {
    const found = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })
    return found.asymmetricKeyType === 'ec' ? found : undefined
  } catch {
    return undefined
  }
}

function genuine({ key }: Settings, timestamp: string, body: Buffer, signature: string): boolean {
  const known = publicKey(key)
  return (
    !!known && verify('sha256', Buffer.concat([Buffer.from(timestamp), body]), known, Buffer.from(signature, 'base64'))
  )
}

function events(one: unknown): Event[] {
  const about = {
    ...{ id: word(one, 'sg_event_id'), address: word(one, 'email') },
    ...{ messageId: word(one, 'smtp-id'), relayId: word(one, 'sg_message_id').split('.')[0]! },
  }
  const words = word(one, 'reason') || word(one, 'response') || word(one, 'event')
  switch (word(one, 'event')) {
    case 'bounce':
      return [failure({ ...about, status: word(one, 'status'), words }, (judgement) => knows(one, judgement.kind))]
    case 'dropped':
      return dropped(DROPPED[word(one, 'reason')], { ...about, words })
    case 'spamreport':
      return [named('complaint', { ...about, words })]
    case 'unsubscribe':
    case 'group_unsubscribe':
      return [named('leaving', { ...about, words })]
    case 'deferred':
      return [named('delayed', { ...about, words })]
    default:
      return []
  }
}

function knows(one: unknown, kind: Kind): Kind {
  if (kind !== 'soft') return kind
  const type = word(one, 'bounce_classification')
  if (type === 'Invalid Address') return 'hard'
  return OURS.includes(type) || word(one, 'type') === 'blocked' ? 'policy' : kind
}

function dropped(kind: Kind | undefined, about: { id: string; address: string; words: string }): Event[] {
  if (kind === 'hard') return [failure({ ...about, status: '5.1.1' }, () => 'hard')]
  return kind ? [named(kind, about)] : []
}

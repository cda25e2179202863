import { createHash, timingSafeEqual } from 'node:crypto'
import { parsed, word } from '../json.ts'
import type { Kind } from '../status.ts'
import { type Event, failure, type Heard, named, type Posted } from './event.ts'

/** What Postmark is told to log in with. */
export type Settings = { user: string; password: string }

/** Their names for bounces that say more than the words beside them. */
const KINDS: Record<string, Kind> = {
  BadEmailAddress: 'hard', SpamNotification: 'policy', Blocked: 'policy', DMARCPolicy: 'policy', ISPBlocked: 'policy', SpamComplaint: 'complaint', Unsubscribe: 'leaving', Transient: 'delayed', DnsError: 'delayed',
} // biome-ignore format: one table
const NOTHING = [
  'AutoResponder',
  'AddressChange',
  'Subscribe',
  'ChallengeVerification',
  'OpenRelayTest',
  'VirusNotification',
]

/** Reads one record of Postmark, if it logs in as we told it to. */
export function hear(settings: Settings, { header, body }: Posted): Heard {
  const [, credentials = ''] = /^Basic ([\w+/=-]{1,400})$/i.exec(header('authorization') ?? '') ?? []
  const given = Buffer.from(credentials, 'base64').toString('utf8')
  if (!same(given, `${settings.user}:${settings.password}`)) return 'forged'
  const record = parsed(body)
  const type = word(record, 'RecordType')
  if (!type) return 'unreadable'
  return { events: events(record, type) }
}

function same(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}

function events(record: unknown, type: string): Event[] {
  const relayId = word(record, 'MessageID')
  switch (type) {
    case 'Bounce':
    case 'SpamComplaint':
      return bounce(record, { id: `${type} ${word(record, 'ID')}`, address: word(record, 'Email'), relayId })
    case 'SubscriptionChange':
      return change(record, {
        ...{ id: `${relayId} ${word(record, 'ChangedAt')}`, address: word(record, 'Recipient'), relayId },
      })
    default:
      return []
  }
}

type About = { id: string; address: string; relayId: string }

function bounce(record: unknown, about: About): Event[] {
  const type = word(record, 'RecordType') === 'SpamComplaint' ? 'SpamComplaint' : word(record, 'Type')
  if (NOTHING.includes(type)) return []
  const words = word(record, 'Details') || word(record, 'Description') || type
  const known = KINDS[type]
  if (known === 'hard') return [failure({ ...about, words, status: '5.1.1' }, () => 'hard')]
  if (known) return [named(known, { ...about, words })]
  // Postmark writes no more to what it calls a hard bounce; what is our own fault it calls something else.
  const gone = type === 'HardBounce'
  return [
    failure({ ...about, words }, ({ kind }) =>
      gone && kind === 'soft' ? 'hard' : !gone && kind === 'hard' ? 'soft' : kind,
    ),
  ]
}

/** A reader who pressed Postmark's own unsubscribe link has left; what it stopped for a bounce comes as a bounce, too. */
function change(record: unknown, about: About): Event[] {
  const reason = word(record, 'SuppressionReason')
  if (reason === 'ManualSuppression') return [named('leaving', { ...about, words: reason })]
  return reason === 'SpamComplaint' ? [named('complaint', { ...about, words: reason })] : []
}

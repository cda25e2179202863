import { verify, X509Certificate } from 'node:crypto'
import { at, list, parsed, word } from '../json.ts'
import { type Event, failure, type Heard, named, type Posted, recent } from './event.ts'

/** `topic` is the ARN that we listen to; `endpoint` is where its certificates are, if not at Amazon's own SNS. */
export type Settings = { topic: string; endpoint?: string }

/** Fetches a certificate (PEM). */
export type Certificates = (url: string) => Promise<string>

export const TOPIC = /^arn:aws(-[a-z]+)*:sns:([a-z0-9-]{4,40}):\d{12}:[\w.-]{1,256}$/
const GONE = ['NoEmail', 'Suppressed', 'OnAccountSuppressionList'] // SES itself writes to these no more
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const
const DIGESTS: Record<string, string> = { '1': 'RSA-SHA1', '2': 'RSA-SHA256' }
const VALID = 7 * 86_400_000 // ms: SNS may repeat for longer, and what it repeats then is counted as lost

/** Reads a message of SNS: of our topic, signed by a certificate of the topic's own region. */
export async function hear(settings: Settings, posted: Posted, certificates: Certificates): Promise<Heard> {
  const message = parsed(posted.body)
  const type = word(message, 'Type') as keyof typeof SIGNED
  if (!Object.hasOwn(SIGNED, type)) return 'unreadable'
  if (word(message, 'TopicArn') !== settings.topic) return 'forged'
  if (!(await genuine(settings, message, type, certificates))) return 'forged'
  if (!recent(Date.parse(word(message, 'Timestamp')), posted.now, VALID)) return 'stale'
  if (type === 'SubscriptionConfirmation') {
    const url = word(message, 'SubscribeURL')
    return atSns(settings, url) ? { confirm: url } : 'forged'
  }
  if (type === 'UnsubscribeConfirmation') return { events: [] }
  return { events: events(parsed(whole(message, 'Message')), word(message, 'MessageId')) }
}

async function genuine(
  settings: Settings,
  message: unknown,
  type: keyof typeof SIGNED,
  certificates: Certificates,
): Promise<boolean> {
  const digest = DIGESTS[word(message, 'SignatureVersion')]
  const url = word(message, 'SigningCertURL')
  if (!digest || !atSns(settings, url) || !/\/[\w-]{1,200}\.pem$/.test(new URL(url).pathname)) return false
  const text = SIGNED[type]
    .filter((name) => typeof at(message, name) === 'string')
    .map((name) => `${name}\n${whole(message, name)}\n`)
    .join('')
  const signature = Buffer.from(word(message, 'Signature'), 'base64')
  const pem = await certificates(url)
  try {
    return verify(digest, Buffer.from(text), new X509Certificate(pem).publicKey, signature)
  } catch {
    return false // what was fetched is no certificate
  }
}

/** Whether an address is at SNS itself, over TLS, in the topic's region, and nowhere else. */
function atSns({ topic, endpoint }: Settings, address: string): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  if (url.username || url.password) return false
  if (endpoint) return url.origin === new URL(endpoint).origin
  const [, partition, region] = TOPIC.exec(topic) ?? []
  const host = `sns.${region}.amazonaws.com${partition === '-cn' ? '.cn' : ''}`
  return url.protocol === 'https:' && url.host === host
}

/** A text in its whole length: it is signed, or holds a document. */
function whole(message: unknown, name: string): string {
  return at(message, name) as string
}

type About = { id: string; address: string; relayId: string; messageId: string }

function events(message: unknown, id: string): Event[] {
  const type = word(message, 'eventType') || word(message, 'notificationType')
  const relayId = word(message, 'mail', 'messageId')
  const messageId = word(message, 'mail', 'commonHeaders', 'messageId') || headerOf(message)
  const about = (one: unknown, n: number): About => {
    return { id: `${id}:${n}`, address: word(one, 'emailAddress'), relayId, messageId }
  }
  switch (type) {
    case 'Bounce':
      return list(message, 'bounce', 'bouncedRecipients').map((one, n) => bounce(message, one, about(one, n)))
    case 'Complaint':
      if (word(message, 'complaint', 'complaintFeedbackType') === 'not-spam') return []
      return list(message, 'complaint', 'complainedRecipients').map((one, n) =>
        named('complaint', { ...about(one, n), words: word(message, 'complaint', 'complaintFeedbackType') || 'abuse' }),
      )
    case 'DeliveryDelay':
      return list(message, 'deliveryDelay', 'delayedRecipients').map((one, n) =>
        named('delayed', { ...about(one, n), words: word(one, 'diagnosticCode') || 'delayed' }),
      )
    default:
      return []
  }
}

function headerOf(message: unknown): string {
  return word(
    list(message, 'mail', 'headers').find((one) => word(one, 'name').toLowerCase() === 'message-id'),
    'value',
  )
}

function bounce(message: unknown, one: unknown, about: About): Event {
  const type = word(message, 'bounce', 'bounceType')
  const kind = word(message, 'bounce', 'bounceSubType')
  const words = word(one, 'diagnosticCode') || `${type} ${kind}`
  if (type === 'Permanent' && GONE.includes(kind)) return failure({ ...about, status: '5.1.1', words: kind })
  if (kind === 'MailboxFull') return failure({ ...about, status: '5.2.2', words: kind })
  if (type !== 'Permanent') return named('delayed', { ...about, words })
  return failure({ ...about, status: word(one, 'status'), words })
}

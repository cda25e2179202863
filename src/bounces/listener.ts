import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { App } from '../app.ts'
import { isMailbox, type Listening } from '../inbound.ts'
import { Problem } from '../problem.ts'
import { digestOf, receive } from './incoming.ts'
import { openReader, READ, type Reader } from './reader.ts'
import { type Recipient, recipientOf } from './recipient.ts'

/** Mail as it comes in. `places` are where it really listens. */
export type Listener = { places: { host: string; port: number }[]; close(): Promise<void> }

const LARGEST = 5_000_000 // bytes of a message
const CLIENTS = 50
const RECIPIENTS = 20
const SILENCE = 60_000 // ms without a word
const IN_ALL = 10 * 60_000 // ms for one connection, however it spends them
const TEXTS = {
  unknown: '5.1.1 no such address here',
  unreadable: '5.6.0 this message cannot be read',
  busy: '4.3.2 too much mail at once, try again',
  failed: '4.3.0 try again later',
  unread: '5.7.1 nobody reads this address. To leave the list, answer with the one word unsubscribe',
}

/** Listens for bounces, complaints and answers where NASHRA_INBOUND says, until it is closed. */
export async function listen(app: App): Promise<Listener> {
  const reader = openReader()
  const servers: SMTPServer[] = []
  try {
    for (const one of app.config.inbound) if (!isMailbox(one)) servers.push(await open(app, one, reader))
  } catch (error) {
    await shut(servers, reader)
    throw error
  }
  const places = servers.map(({ server }) => {
    const { address: host, port } = server.address() as { address: string; port: number }
    return { host, port }
  })
  return { places, close: () => shut(servers, reader) }
}

async function shut(servers: SMTPServer[], reader: Reader): Promise<void> {
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(resolve))))
  await reader.close()
}

async function open(app: App, { protocol, host, port }: Listening, reader: Reader): Promise<SMTPServer> {
  const timers = new Map<string, NodeJS.Timeout>()
  const known = new WeakMap<SMTPServerSession, Map<string, Recipient>>()
  const server = new SMTPServer({
    ...{ lmtp: protocol === 'lmtp', name: new URL(app.config.url).hostname, logger: false },
    ...{ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'], disableReverseLookup: true },
    ...{ size: LARGEST, maxClients: CLIENTS, maxRecipients: RECIPIENTS },
    ...{ socketTimeout: SILENCE, closeTimeout: 2000 },
    onConnect(session, done) {
      const hangUp = () => [...server.connections].find(({ id }) => id === session.id)?.close()
      timers.set(session.id, setTimeout(hangUp, IN_ALL).unref())
      done()
    },
    onClose({ id }) {
      clearTimeout(timers.get(id))
      timers.delete(id)
    },
    onMailFrom(_address, session, done) {
      known.set(session, new Map())
      done()
    },
    onRcptTo({ address }, session, done) {
      recipientOf(app, address).then(
        (recipient) => {
          if (recipient) known.get(session)?.set(address.toLowerCase(), recipient)
          done(recipient ? null : refusal(550, TEXTS.unknown))
        },
        (error) => done(failed(app, error)),
      )
    },
    onData(stream, session, done) {
      collected(stream)
        .then((raw) => {
          if (stream.sizeExceeded) return done(refusal(552, 'too large'))
          const recipients = session.envelope.rcptTo.map(({ address }) =>
            known.get(session)?.get(address.toLowerCase()),
          )
          return answers(app, reader, raw, recipients).then((all) => reply(protocol, all, done))
        })
        .catch((error) => done(failed(app, error)))
    },
  })
  server.on('error', () => {}) // a client that went away is its own affair
  await bound(server, host, port)
  return server
}

async function bound(server: SMTPServer, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Problem(
          'inbound-unusable',
          { place: `${host}:${port}`, reason: error.code ?? error.message },
          { cause: error },
        ),
      )
    })
    server.listen(port, host, () => resolve())
  })
}

/** The first bytes of a message; the rest is read and forgotten. */
async function collected(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (length < READ) chunks.push(chunk)
    length += chunk.length
  }
  return Buffer.concat(chunks).subarray(0, READ)
}

type Answer = { code: number; text: string }

/** What each recipient's copy became. */
async function answers(
  app: App,
  reader: Reader,
  raw: Buffer,
  recipients: (Recipient | undefined)[],
): Promise<Answer[]> {
  const message = await reader.read(raw)
  if (message === 'busy') return recipients.map(() => ({ code: 451, text: TEXTS.busy }))
  if (message === undefined) {
    app.log.warn('a message that came in cannot be read', { bytes: raw.length })
    return recipients.map(() => ({ code: 554, text: TEXTS.unreadable }))
  }
  const all: Answer[] = []
  for (const recipient of recipients) {
    if (!recipient) all.push({ code: 550, text: TEXTS.unknown })
    else {
      const outcome = await receive(app, recipient, message, digestOf(recipient, message, raw))
      all.push(outcome === 'unread' ? { code: 550, text: TEXTS.unread } : { code: 250, text: '2.0.0 taken in' })
    }
  }
  return all
}

/** LMTP answers for each recipient; SMTP once, well if any was well. */
function reply(
  protocol: Listening['protocol'],
  all: Answer[],
  done: (error?: Error | null, message?: string | (string | Error)[]) => void,
): void {
  const each = all.map(({ code, text }) => (code === 250 ? text : refusal(code, text)))
  const one = each.find((answer) => typeof answer === 'string') ?? each[0]!
  if (protocol === 'lmtp') done(null, each)
  else if (typeof one === 'string') done(null, one)
  else done(one)
}

function failed(app: App, error: unknown): Error {
  const gone = (error as NodeJS.ErrnoException).code === 'ECONNECTION' // in the middle of a message: that is its own affair
  if (!gone) app.log.error('a message that came in is not taken', { error })
  return refusal(451, TEXTS.failed)
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}

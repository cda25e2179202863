import { setTimeout as sleep } from 'node:timers/promises'
import { ImapFlow } from 'imapflow'
import { wordsOf } from '../address.ts'
import { type Mailbox, TAKEN } from '../inbound.ts'
import { isLoopback } from '../loopback.ts'

/** One message of a folder, its first bytes. */
export type Held = { uid: number; raw: Buffer }

/** A folder of a mailbox, open until it is closed. Whatever fails is thrown; `reasonOf` says it in words. */
export type Folder = {
  /** What ids are worth: with another number all of them are others (RFC 3501, 2.3.1.1). */
  readonly validity: number
  /** The id that the next message will have. */
  readonly next: number
  /** How many messages there are. */
  readonly messages: number
  /** The ids from `first` to `last` of messages that came in since then, in their order. */
  since(first: number, last: number, day: Temporal.Instant): Promise<number[]>
  /** These messages, up to so many bytes of each; whatever is gone by now is left out. */
  read(uids: number[], most: number): Promise<Held[]>
  /** Moves these messages to the folder of what was taken in; false where the server does not let us. */
  putAway(uids: number[]): Promise<boolean>
  close(): Promise<void>
}

const OPENING = 20_000 // ms for a connection, and for its greeting
const SILENCE = 30_000 // ms without a byte
const STEP = 120_000 // ms for one question, however lively the line is
const LOOK = 250 // ms between looks at how much has come
const MOST = 16 * 1024 * 1024 // bytes that the answers to one question may have
const GOODBYE = 2000 // ms
const LAST = 2 ** 32 - 1 // the highest id that there can be
const LARGEST = 4 * 1024 * 1024 // bytes of one answer: a batch comes as one answer for each message

/** Connects, logs in and opens the folder. The signal ends all of it. Off loopback the certificate must hold. */
export async function openFolder(mailbox: Mailbox, signal: AbortSignal): Promise<Folder> {
  const client = new ImapFlow({
    ...{ host: mailbox.host, port: mailbox.port, secure: mailbox.protocol === 'imaps' },
    auth: { user: mailbox.user, pass: mailbox.password },
    tls: { rejectUnauthorized: !isLoopback(mailbox.host) },
    ...{ logger: false, disableAutoIdle: true, disableCompression: true, clientInfo: { name: 'Nashra' } },
    ...{ connectionTimeout: OPENING, greetingTimeout: OPENING, socketTimeout: SILENCE },
    ...{ maxLineLength: LARGEST, maxLiteralSize: LARGEST, maxResponseSize: 2 * LARGEST, maxResponseTokens: 100_000 },
  })
  let failure: Error | undefined
  client.on('error', (error: Error) => {
    failure ??= error // each failure also reaches the call that it belongs to, often as no more than "connection closed"
  })
  const hangUp = () => client.close()
  signal.addEventListener('abort', hangUp)
  async function step<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const [deadline, before] = [performance.now() + STEP, client.stats().received]
    const watch = setInterval(() => {
      const reason = performance.now() > deadline ? 'it takes too long' : 'it says too much'
      if (performance.now() < deadline && client.stats().received - before < MOST) return
      failure ??= new Error(reason)
      hangUp()
    }, LOOK)
    try {
      signal.throwIfAborted()
      return await work()
    } catch (error) {
      throw failure ?? error
    } finally {
      clearInterval(watch)
    }
  }
  async function close(): Promise<void> {
    await Promise.race([client.logout().catch(() => {}), sleep(GOODBYE, undefined, { ref: false })])
    client.close()
    signal.removeEventListener('abort', hangUp)
  }
  try {
    await step(() => client.connect())
    const opened = await step(() => client.mailboxOpen(mailbox.folder))
    return {
      validity: Number(opened.uidValidity ?? 0),
      next: opened.uidNext || LAST,
      messages: opened.exists,
      since: (first, last, day) => step(() => since(client, first, last, day)),
      read: (uids, most) => step(() => read(client, uids, most)),
      putAway: (uids) => step(() => putAway(client, uids)),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function since(client: ImapFlow, first: number, last: number, day: Temporal.Instant): Promise<number[]> {
  const query = { uid: `${first}:${last}`, since: new Date(day.epochMilliseconds), deleted: false }
  const found = await client.search(query, { uid: true })
  if (!Array.isArray(found)) throw new Error('the server does not search')
  return found.filter((uid) => uid >= first && uid <= last).sort((a, b) => a - b)
}

async function read(client: ImapFlow, uids: number[], most: number): Promise<Held[]> {
  const held: Held[] = []
  const wanted = new Set(uids)
  const query = { uid: true, source: { start: 0, maxLength: most } }
  for await (const { uid, source } of client.fetch(uids, query, { uid: true }))
    if (source && wanted.delete(uid)) held.push({ uid, raw: source.subarray(0, most) })
  return held.sort((a, b) => a.uid - b.uid)
}

/** The folder is made when it is first needed. */
async function putAway(client: ImapFlow, uids: number[]): Promise<boolean> {
  if (await client.messageMove(uids, TAKEN, { uid: true })) return true
  await client.mailboxCreate(TAKEN).catch(() => {}) // one that is there already is as good
  return Boolean(await client.messageMove(uids, TAKEN, { uid: true }))
}

type Failure = Error & {
  code?: string
  authenticationFailed?: boolean
  mailboxMissing?: boolean
  responseText?: string
  response?: unknown
  reason?: string
}

/** Why a mailbox cannot be read, for people: without addresses, and never with the password. */
export function reasonOf(error: unknown, { folder }: Mailbox): string {
  const { code, message, authenticationFailed, mailboxMissing, responseText, response, reason } = error as Failure
  const said = wordsOf(responseText ?? (typeof response === 'string' ? response : (reason ?? '')))
  const told = said ? `: ${said}` : ''
  if (authenticationFailed) return `the log-in is refused${told}`
  if (mailboxMissing) return `there is no folder ${folder}`
  if (code === 'NoConnection' || code === 'EConnectionClosed') return `the server has hung up${told}`
  if (/^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME)/.test(code ?? ''))
    return `its certificate does not hold: ${wordsOf(message)}`
  return said || wordsOf(message || code || String(error))
}

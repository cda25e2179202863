import { isIP, Socket } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Email } from './address.ts'
import type { Relay } from './config.ts'
import { isLoopback } from './loopback.ts'
import { type Answer, broken, type Outcome, oneLine, taken, turnedDown } from './wire/answer.ts'
import { type Envelope, NOT_NOW, openWire, type Patience, type Piece, type Wire } from './wire/wire.ts'

export type { Answer } from './wire/answer.ts'
export type { Envelope, Piece } from './wire/wire.ts'

/** A line to a relay: one letter at a time. */
export type Connection = {
  /** False once it has ended, from either side. */
  readonly open: boolean
  /** Whether letters are written by our own hand; else by nodemailer's, more slowly. */
  readonly direct: boolean
  /**
   * `pieces` are the letter's bytes, as for DATA: no line begins with a dot. None of them leaves before `mayGo` has said
   * yes, though the envelope may; after a no the line ends, and the letter is unsent. `following` is asked when they leave:
   * the envelope that it names may go with them, and its letter must then be the next.
   */
  submit(
    envelope: Envelope,
    pieces: readonly Piece[],
    mayGo?: () => Promise<boolean>,
    following?: () => Envelope | undefined,
  ): Promise<Answer>
  /** Says goodbye, and waits a moment for the answer. */
  quit(): Promise<void>
  /** Hangs up at once; a letter under way is answered as far as it came. */
  close(): void
}

/** `patience` in place of the standard's minutes; `direct: false` leaves the writing to nodemailer. */
export type Manner = { patience?: Partial<Patience>; direct?: boolean }

const GOODBYE = 1000 // ms to wait for the answer to QUIT

/** Opens a line: TLS, greeting and log-in included. `site` is the host that we greet as. What fails is thrown, in the relay's words. The signal ends only the opening. */
export async function connect(
  relay: Relay,
  site: string,
  signal: AbortSignal,
  { patience, direct = true }: Manner = {},
): Promise<Connection> {
  const line = new SMTPConnection({
    host: relay.host,
    port: relay.port,
    secure: relay.secure,
    ...security(relay),
    ...(/\./.test(site) && !isIP(site) && { name: site }),
    connectionTimeout: 20_000,
    greetingTimeout: 20_000,
    socketTimeout: 300_000,
    socketCloseTimeout: GOODBYE,
  })
  line.on('error', () => {}) // each failure also reaches the call that it belongs to
  const hangUp = () => line.close()
  signal.addEventListener('abort', hangUp)
  try {
    await settled((done) => {
      line.once('error', done)
      line.once('end', () => done(new Error('the relay closed the connection')))
      line.connect(done)
    })
    if (relay.user) await settled((done) => line.login({ user: relay.user, pass: relay.password }, done))
  } catch (error) {
    line.close()
    throw new Error(reasonOf(relay, error as Error), { cause: error })
  } finally {
    signal.removeEventListener('abort', hangUp)
  }
  const wire = direct ? takenOver(line, patience) : undefined
  return wire ? ours(line, wire) : theirs(line)
}

/** A library's words where they are a person's, else ours. */
function reasonOf({ secure, user, password }: Relay, { message }: Error): string {
  if (secure && /wrong version number|packet length too long|unknown protocol/i.test(message))
    return 'it does not speak TLS on this port (smtps://); it may want smtp://'
  if (user && !password) return 'its address holds a user and no password (smtp://user:password@host)'
  return oneLine(message)
}

/** Off loopback a connection is encrypted and its certificate checked; on loopback only what the log-in asks for. */
function security(relay: Relay) {
  if (!onLoopback(relay)) return relay.secure ? {} : { requireTLS: true }
  return relay.secure || relay.user ? { tls: { rejectUnauthorized: false } } : { ignoreTLS: true }
}

/** Whether a relay is on this machine. */
export function onLoopback({ host }: Pick<Relay, 'host'>): boolean {
  return isLoopback(host)
}

/** What nodemailer keeps to itself, as far as it is still there. */
type Inside = { _socket?: unknown; _supportedExtensions?: unknown; _onSocketData?: unknown; _onSocketTimeout?: unknown }

/** The socket behind a line whose log-in is done, from now on read and written by us alone. */
function takenOver(line: SMTPConnection, patience: Partial<Patience> | undefined): Wire | undefined {
  const { _socket, _supportedExtensions, _onSocketData, _onSocketTimeout } = line as unknown as Inside
  if (!(_socket instanceof Socket) || !Array.isArray(_supportedExtensions)) return undefined
  if (typeof _onSocketData !== 'function' || typeof _onSocketTimeout !== 'function') return undefined
  _socket.removeListener('data', _onSocketData as () => void)
  _socket.removeListener('timeout', _onSocketTimeout as () => void)
  _socket.setTimeout(0)
  return openWire(_socket, _supportedExtensions.includes('PIPELINING'), patience)
}

function ours(line: SMTPConnection, wire: Wire): Connection {
  return {
    direct: true,
    get open() {
      return !line.destroyed && wire.open
    },
    async submit(envelope, pieces, mayGo, following) {
      const { answer, usable } = await wire.submit(envelope, pieces, mayGo, following)
      if (!usable) line.close()
      else if (answer.kind !== 'accepted' && !wire.announced && !(await wire.reset())) line.close()
      return answer
    },
    async quit() {
      if (!line.destroyed) await wire.quit(GOODBYE)
      line.close()
    },
    close() {
      line.close()
      wire.hangUp()
    },
  }
}

function theirs(line: SMTPConnection): Connection {
  let interrupt: (() => void) | undefined
  line.on('end', () => setImmediate(() => interrupt?.()))
  return {
    direct: false,
    get open() {
      return !line.destroyed
    },
    async submit({ from, to }, pieces, mayGo) {
      if (mayGo && !(await mayGo())) return broken(false, NOT_NOW).answer
      const { answer, usable } = await transact(line, from, to, pieces, (stop) => {
        interrupt = stop
      })
      interrupt = undefined
      if (!usable) line.close()
      else if (answer.kind !== 'accepted') await settled((done) => line.reset(done)).catch(() => line.close())
      return answer
    },
    async quit() {
      if (line.destroyed) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, GOODBYE)
        line.once('end', () => {
          clearTimeout(timer)
          resolve()
        })
        line.quit()
      })
      line.close()
    },
    close: () => line.close(),
  }
}

/** One letter. `interruptible` is handed a function that ends the wait when the line has ended without a word. */
function transact(
  line: SMTPConnection,
  from: Email,
  to: Email,
  pieces: readonly Piece[],
  interruptible: (stop: () => void) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let complete = false // our side of the body has ended: from here on the final dot may be on the wire
    const body = Readable.from(
      pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
    )
    body.once('end', () => {
      complete = true
    })
    interruptible(() => resolve(broken(complete, 'the connection ended')))
    line.send({ from, to: [to] }, body, (error, info) => {
      if (!error) resolve(accepted(complete, info?.response ?? ''))
      else resolve(judged(error, complete))
    })
  })
}

/** Only a well-formed 2xx that follows our dot counts; one that came before it belongs to something else. */
function accepted(complete: boolean, response: string): Outcome {
  return complete && /^2\d\d([ -]|$)/.test(response) ? taken(response) : broken(complete, response)
}

type Failure = {
  message: string
  code?: string | undefined
  response?: string | undefined
  command?: string | undefined
}

function judged(error: Failure, complete: boolean): Outcome {
  const reply = error.response ?? error.message
  if (!/^[45]\d\d([ -]|$)/.test(error.response ?? '')) return broken(complete, reply)
  const { answer, usable } = turnedDown(reply, error.command === 'MAIL FROM' ? 'MAIL' : 'dot')
  return { answer, usable: usable && (complete || error.code !== 'EMESSAGE') } // refused in the middle of the body: no telling where we are
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}

import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Email } from './address.ts'
import type { Relay } from './config.ts'

/**
 * What became of a letter:
 * `accepted` (a final 2xx), `refused` (5xx: never), `deferred` (4xx: later), `trouble` (the relay speaks of itself, not of
 * this letter), `unsent` (the line broke before the final dot), `unknown` (it broke after the dot: in doubt).
 */
export type Answer = { kind: 'accepted' | 'refused' | 'deferred' | 'trouble' | 'unsent' | 'unknown'; reply: string }

/** A line to a relay: one letter at a time. */
export type Connection = {
  /** False once it has ended, from either side. */
  readonly open: boolean
  submit(from: Email, to: Email, letter: Buffer): Promise<Answer>
  /** Says goodbye, and waits a moment for the answer. */
  quit(): Promise<void>
  /** Hangs up at once; a letter under way is answered as far as it came. */
  close(): void
}

/** What a relay says of itself: its connection, rate, quota, log-in or policy, whoever the letter is for. */
const ITSELF =
  /^(421|454|530|534|535|538)|relay access denied|relaying denied|unable to relay|authentication required|(daily|hourly|sending|message|messages|rate|account)[ -](rate[ -])?(quota|limit|ration)|throttl/i
const MAILBOX = /^[245]\d\d[ -][245]\.2\.\d/ // 452 4.2.2: the reader's own mailbox is over its quota
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/
const GOODBYE = 1000 // ms to wait for the answer to QUIT
const REPLY = 300 // letters kept of a relay's answer

/** Opens a line: TLS, greeting and log-in included. `site` is the host that we greet as. What fails is thrown, in the relay's words. The signal ends only the opening. */
export async function connect(relay: Relay, site: string, signal: AbortSignal): Promise<Connection> {
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
    throw new Error(oneLine((error as Error).message), { cause: error })
  } finally {
    signal.removeEventListener('abort', hangUp)
  }
  return over(line)
}

/** Off loopback a connection is encrypted and its certificate checked; on loopback only what the log-in asks for. */
function security(relay: Relay) {
  if (relay.secure) return {}
  if (!LOOPBACK.test(relay.host)) return { requireTLS: true }
  return relay.user ? { tls: { rejectUnauthorized: false } } : { ignoreTLS: true }
}

function over(line: SMTPConnection): Connection {
  let interrupt: (() => void) | undefined
  line.on('end', () => setImmediate(() => interrupt?.()))
  return {
    get open() {
      return !line.destroyed
    },
    async submit(from, to, letter) {
      const { answer, usable } = await transact(line, from, to, letter, (stop) => {
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

type Outcome = { answer: Answer; usable: boolean }

/** One letter. `interruptible` is handed a function that ends the wait when the line has ended without a word. */
function transact(
  line: SMTPConnection,
  from: Email,
  to: Email,
  letter: Buffer,
  interruptible: (stop: () => void) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let complete = false // our side of the body has ended: from here on the final dot may be on the wire
    const body = new Readable({
      read() {
        this.push(letter)
        this.push(null)
      },
    })
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
  if (!complete || !/^2\d\d([ -]|$)/.test(response)) return broken(complete, response)
  return { answer: { kind: 'accepted', reply: oneLine(response) }, usable: true }
}

type Failure = {
  message: string
  code?: string | undefined
  response?: string | undefined
  command?: string | undefined
}

function judged(error: Failure, complete: boolean): Outcome {
  const reply = oneLine(error.response ?? error.message)
  const digit = /^([45])\d\d([ -]|$)/.exec(error.response ?? '')?.[1]
  if (!digit) return broken(complete, reply)
  const usable = !/^421/.test(reply) && (complete || error.code !== 'EMESSAGE') // refused in the middle of the body: no telling where we are
  const aboutItself = error.command === 'MAIL FROM' || (ITSELF.test(reply) && !MAILBOX.test(reply))
  if (aboutItself) return { answer: { kind: 'trouble', reply }, usable: false }
  return { answer: { kind: digit === '5' ? 'refused' : 'deferred', reply }, usable }
}

function broken(complete: boolean, reply: string): Outcome {
  return { answer: { kind: complete ? 'unknown' : 'unsent', reply: oneLine(reply) }, usable: false }
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}

function oneLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, REPLY)
}

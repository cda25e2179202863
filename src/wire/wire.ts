import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Email } from '../address.ts'
import { broken, type Outcome, type Stage, taken, turnedDown } from './answer.ts'
import { openReplies, type Replies, type Reply } from './replies.ts'

/** How long each answer may take, in milliseconds (RFC 5321, 4.5.3.2). */
export type Patience = { mail: number; rcpt: number; data: number; dot: number }

/** Some of a letter's bytes; as a string, one byte in each of its letters. */
export type Piece = Buffer | string

/** A line to a relay behind its greeting and log-in, on which we speak for ourselves. */
export type Wire = {
  readonly open: boolean
  /** One letter in as few writes as the relay allows; `pieces` are its bytes, CRLF at their end and no line that begins with a dot. They wait for `mayGo`. */
  submit(from: Email, to: Email, pieces: readonly Piece[], mayGo?: () => Promise<boolean>): Promise<Outcome>
  /** Forgets an unfinished letter; false when the relay does not say that it did. */
  reset(): Promise<boolean>
  /** Says goodbye; the answer may take so long. */
  quit(milliseconds: number): Promise<void>
  /** Ends at once. */
  hangUp(): void
}

const MINUTE = 60_000
const PATIENCE: Patience = { mail: 5 * MINUTE, rcpt: 5 * MINUTE, data: 2 * MINUTE, dot: 10 * MINUTE }
/** Said of a letter that was not to go. */
export const NOT_NOW = 'this letter may not go now'
const DOT = Buffer.from('.\r\n')

type Line = { socket: Socket; replies: Replies; pipelining: boolean; patience: Patience }

/** Takes a socket over, whose relay has offered PIPELINING or not. */
export function openWire(socket: Socket, pipelining: boolean, patience: Partial<Patience> = {}): Wire {
  const line: Line = { socket, replies: openReplies(socket), pipelining, patience: { ...PATIENCE, ...patience } }
  const { replies } = line
  socket.setNoDelay(true)
  return {
    get open() {
      return !replies.over && !replies.unasked && socket.writable
    },
    async submit(from, to, pieces, mayGo) {
      if (![from, to].every((address) => /^[\x21-\x3b\x3d\x3f-\x7e]+$/.test(address)))
        throw new Error('an envelope takes checked addresses')
      const commands: Command[] = [
        ['MAIL', `MAIL FROM:<${from}>\r\n`, line.patience.mail],
        ['RCPT', `RCPT TO:<${to}>\r\n`, line.patience.rcpt],
        ['DATA', 'DATA\r\n', line.patience.data],
      ]
      const refusal = pipelining ? await pipelined(line, commands) : await oneByOne(line, commands)
      const outcome = refusal ?? (await permitted(line, pieces, mayGo))
      return { ...outcome, usable: outcome.usable && !replies.over && !replies.unasked }
    },
    async reset() {
      socket.write('RSET\r\n')
      const reply = await replies.next(line.patience.mail).catch(() => undefined)
      return reply !== undefined && kind(reply) === 2 && !replies.unasked
    },
    async quit(milliseconds) {
      if (replies.over) return
      socket.write('QUIT\r\n')
      await replies.next(milliseconds).catch(() => {})
    },
    hangUp: () => void socket.destroy(),
  }
}

type Command = readonly [stage: Stage, text: string, patience: number]

/** Undefined when the relay waits for the letter, else what became of it. */
async function oneByOne(line: Line, commands: Command[]): Promise<Outcome | undefined> {
  for (const [stage, text, patience] of commands) {
    line.socket.write(text)
    const reply = await heard(line, patience)
    if (reply instanceof Error) return broken(false, reply.message)
    const refusal = judged(reply, stage)
    if (refusal) return refusal
  }
  return undefined
}

/** All in one write; every command has a reply of its own, also after one that was refused (RFC 2920). */
async function pipelined(line: Line, commands: Command[]): Promise<Outcome | undefined> {
  line.socket.write(commands.map(([, text]) => text).join(''))
  let refusal: Outcome | undefined
  for (const [stage, , patience] of commands) {
    const reply = await heard(line, patience)
    if (reply instanceof Error) return refusal ? { ...refusal, usable: false } : broken(false, reply.message)
    if (!refusal) refusal = judged(reply, stage)
    else if (reply.code === 354) return (await nothing(line)) ? refusal : { ...refusal, usable: false }
    if (refusal && !refusal.usable) return refusal
  }
  return refusal
}

/** The relay waits for a letter that it has refused: it gets an empty one, for nobody. */
async function nothing({ socket, replies, patience }: Line): Promise<boolean> {
  socket.write(DOT)
  return replies.next(patience.dot).then(
    () => true,
    () => false,
  )
}

function judged(reply: Reply, stage: Stage): Outcome | undefined {
  if (kind(reply) >= 4) return turnedDown(reply.text, stage)
  return (stage === 'DATA' ? reply.code === 354 : kind(reply) === 2) ? undefined : broken(false, reply.text)
}

/** The letter, if it may go. Behind DATA there is no other way back than to hang up: a dot alone would be a letter, too. */
async function permitted(
  line: Line,
  pieces: readonly Piece[],
  mayGo: (() => Promise<boolean>) | undefined,
): Promise<Outcome> {
  return mayGo && !(await mayGo()) ? broken(false, NOT_NOW) : body(line, pieces)
}

/** The letter and its dot in one go. Only what is said after the dot has left us can be its answer. */
async function body({ socket, replies, patience }: Line, pieces: readonly Piece[]): Promise<Outcome> {
  if (replies.unasked || replies.over) return broken(false, 'the relay answered before it was asked')
  let complete = socket instanceof TLSSocket // when the last bytes leave from in there, nobody can tell
  socket.cork()
  for (const piece of pieces) socket.write(piece, 'latin1')
  socket.write(DOT, (error) => {
    if (!error) complete = true
  })
  socket.uncork()
  const reply = await heard({ replies }, patience.dot)
  if (reply instanceof Error) return broken(complete, reply.message)
  if (kind(reply) >= 4) {
    const { answer, usable } = turnedDown(reply.text, 'dot')
    return { answer, usable: usable && complete && socket.writableLength === 0 }
  }
  return complete && kind(reply) === 2 ? taken(reply.text) : broken(complete, reply.text)
}

function heard({ replies }: Pick<Line, 'replies'>, patience: number): Promise<Reply | Error> {
  return replies.next(patience).catch((error: Error) => error)
}

function kind({ code }: Reply): number {
  return Math.floor(code / 100)
}

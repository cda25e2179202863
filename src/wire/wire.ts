import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Email } from '../address.ts'
import { broken, type Outcome, type Stage, taken, turnedDown, unheard } from './answer.ts'
import { openReplies, type Replies, type Reply } from './replies.ts'

/** How long each answer may take, in milliseconds (RFC 5321, 4.5.3.2). */
export type Patience = { mail: number; rcpt: number; data: number; dot: number }

/** Some of a letter's bytes; as a string, one byte in each of its letters. */
export type Piece = Buffer | string

/** Who a letter is from and for, as the relay is told before it. */
export type Envelope = { from: Email; to: Email }

/** A line to a relay behind its greeting and log-in, on which we speak for ourselves. */
export type Wire = {
  readonly open: boolean
  /**
   * One letter in as few writes as the relay allows; `pieces` are its bytes, CRLF at their end and no line that begins with a
   * dot. They wait for `mayGo`. `following` is asked when they leave: the envelope that it names goes with them, behind the
   * dot (RFC 2920, 3.1), and the next letter must be the one that it belongs to.
   */
  submit(
    envelope: Envelope,
    pieces: readonly Piece[],
    mayGo?: () => Promise<boolean>,
    following?: () => Envelope | undefined,
  ): Promise<Outcome>
  /** An envelope has been sent whose letter has not: there is no way back from it but to hang up. */
  readonly announced: boolean
  /** Forgets an unfinished letter; false when the relay does not say that it did. */
  reset(): Promise<boolean>
  /** Says goodbye; the answer may take so long. */
  quit(milliseconds: number): Promise<void>
  /** Ends at once. */
  hangUp(): void
}

const MINUTE = 60_000
const SOON = 30_000 // ms for the answer to an envelope that went ahead: the relay is awake, it has just taken a letter
const PATIENCE: Patience = { mail: 5 * MINUTE, rcpt: 5 * MINUTE, data: 2 * MINUTE, dot: 10 * MINUTE }
/** Said of a letter that was not to go. */
export const NOT_NOW = 'this letter may not go now'
const DOT = Buffer.from('.\r\n')

type Line = {
  socket: Socket
  replies: Replies
  pipelining: boolean
  patience: Patience
  announced: Announced | undefined
}

/** An envelope that has been sent ahead, and what answers are due to it. */
type Announced = { envelope: Envelope; commands: Command[] }

/** Takes a socket over, whose relay has offered PIPELINING or not. */
export function openWire(socket: Socket, pipelining: boolean, patience: Partial<Patience> = {}): Wire {
  const line: Line = {
    socket,
    replies: openReplies(socket),
    pipelining,
    patience: { ...PATIENCE, ...patience },
    announced: undefined,
  }
  const { replies } = line
  socket.setNoDelay(true)
  return {
    get open() {
      return !replies.over && (line.announced !== undefined || !replies.unasked) && socket.writable
    },
    get announced() {
      return line.announced !== undefined
    },
    async submit(envelope, pieces, mayGo, following) {
      const refusal = await introduced(line, envelope)
      const outcome = refusal ?? (await permitted(line, pieces, mayGo, following))
      return { ...outcome, usable: outcome.usable && this.open }
    },
    async reset() {
      socket.write('RSET\r\n')
      const reply = await replies.next(line.patience.mail).catch(() => undefined)
      return reply !== undefined && kind(reply) === 2 && !replies.unasked
    },
    async quit(milliseconds) {
      if (replies.over || line.announced) return
      socket.write('QUIT\r\n')
      await replies.next(milliseconds).catch(() => {})
    },
    hangUp: () => void socket.destroy(),
  }
}

type Command = readonly [stage: Stage, text: string, patience: number]

/** The envelope, unless it went with the letter before; undefined when the relay waits for the letter, else what became of it. */
async function introduced(line: Line, envelope: Envelope): Promise<Outcome | undefined> {
  const { announced } = line
  line.announced = undefined
  if (!announced) {
    const commands = commandsOf(line, envelope)
    return line.pipelining ? pipelined(line, commands) : oneByOne(line, commands)
  }
  if (announced.envelope.from !== envelope.from || announced.envelope.to !== envelope.to)
    return broken(false, 'another letter was announced to the relay')
  return answers(line, announced.commands, SOON)
}

function commandsOf({ patience }: Line, { from, to }: Envelope): Command[] {
  if (![from, to].every((address) => /^[\x21-\x3b\x3d\x3f-\x7e]+$/.test(address)))
    throw new Error('an envelope takes checked addresses')
  return [
    ['MAIL', `MAIL FROM:<${from}>\r\n`, patience.mail],
    ['RCPT', `RCPT TO:<${to}>\r\n`, patience.rcpt],
    ['DATA', 'DATA\r\n', patience.data],
  ]
}

/** Undefined when the relay waits for the letter, else what became of it. */
async function oneByOne(line: Line, commands: Command[]): Promise<Outcome | undefined> {
  for (const [stage, text, patience] of commands) {
    line.socket.write(text)
    const reply = await heard(line, patience)
    if (reply instanceof Error) return stage === 'MAIL' ? unheard(reply.message) : broken(false, reply.message)
    const refusal = judged(reply, stage)
    if (refusal) return refusal
  }
  return undefined
}

/** All in one write (RFC 2920). */
function pipelined(line: Line, commands: Command[]): Promise<Outcome | undefined> {
  line.socket.write(textOf(commands))
  return answers(line, commands)
}

function textOf(commands: Command[]): string {
  return commands.map(([, text]) => text).join('')
}

/** Every command has a reply of its own, also after one that was refused. */
async function answers(line: Line, commands: Command[], most = Infinity): Promise<Outcome | undefined> {
  let refusal: Outcome | undefined
  for (const [stage, , patience] of commands) {
    const reply = await heard(line, Math.min(patience, most))
    if (reply instanceof Error && stage === 'MAIL') return unheard(reply.message)
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
  following: (() => Envelope | undefined) | undefined,
): Promise<Outcome> {
  return mayGo && !(await mayGo()) ? broken(false, NOT_NOW) : body(line, pieces, following)
}

/** The letter and its dot in one go. Only what is said after the dot has left us can be its answer. */
async function body(
  line: Line,
  pieces: readonly Piece[],
  following: (() => Envelope | undefined) | undefined,
): Promise<Outcome> {
  const { socket, replies, patience } = line
  if (replies.unasked || replies.over) return broken(false, 'the relay answered before it was asked')
  const envelope = line.pipelining ? following?.() : undefined
  const commands = envelope && commandsOf(line, envelope)
  line.announced = envelope && commands && { envelope, commands }
  let complete = socket instanceof TLSSocket // when the last bytes leave from in there, nobody can tell
  socket.cork()
  for (const piece of pieces) socket.write(piece, 'latin1')
  socket.write(DOT, (error) => {
    if (!error) complete = true
  })
  if (commands) socket.write(textOf(commands))
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

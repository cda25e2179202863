import { createHash, type Hash } from 'node:crypto'
import type { Instant } from '../../db/instant.ts'
import { type Email, email, type Mailbox } from '../address.ts'
import { plainLanguage } from './direction.ts'
import { dateHeader, field, mailboxHeader, phrase, unstructured } from './headers.ts'
import type { Rendered } from './letter.ts'
import { cut, type Slot, TOKEN } from './slots.ts'

/**
 * What all letters of one rendering have in common, beside the rendering. `oneClick` adds RFC 8058; `leaveBy` is where a mail
 * leaves by an unsubscribe token, where mail comes in.
 */
export type Shared = {
  from: Mailbox
  replyTo?: Mailbox
  listId?: { id: string; title: string }
  feedbackId?: string
  language?: string
  oneClick: boolean
  leaveBy?: LeaveBy
  publicUrl: string
  boundary: string
}

type LeaveBy = (unsubscribe: string) => Email | undefined

/** What is one reader's own. `messageId` comes without its angle brackets. */
export type Personal = {
  to: Email
  messageId: string
  date: Instant
  tokens: Partial<Record<Slot, string>>
}

/** A letter encoded once, open only where its readers differ. The body is base64 throughout: no line begins with a dot. */
export type Fixed = {
  readonly sender: string
  readonly constant: string
  readonly body: readonly (Buffer | Slot)[]
  /** SHA-256 of the body up to its first slot. */
  readonly hashed: Hash
  readonly oneClick: boolean
  readonly leaveBy?: LeaveBy | undefined
  readonly publicUrl: string
}

/** Encodes what all readers share. A rendering without HTML becomes a letter of plain text. */
export function fix(rendered: Rendered, shared: Shared): Fixed {
  const { boundary } = shared
  if (!/^[\w.=+-]{1,70}$/.test(boundary)) throw new Error('a boundary is 1 to 70 plain letters')
  const plain = encoded(rendered.text, '\n')
  const body = rendered.html
    ? [
        ascii(`--${boundary}\r\n${partHeaders('plain')}\r\n`),
        ...plain,
        ascii(`--${boundary}\r\n${partHeaders('html')}\r\n`),
        ...encoded(rendered.html, '>'),
        ascii(`--${boundary}--\r\n`),
      ]
    : plain
  const type = rendered.html
    ? field('Content-Type', `multipart/alternative;\r\n boundary="${boundary}"`)
    : partHeaders('plain')
  return {
    sender: [
      field('From', mailboxHeader(shared.from)),
      shared.replyTo ? field('Reply-To', mailboxHeader(shared.replyTo)) : '',
    ].join(''),
    constant: `${constantHeaders(rendered, shared)}${type}\r\n`,
    ...hashing(joined(body)),
    oneClick: shared.oneClick,
    leaveBy: shared.leaveBy,
    publicUrl: shared.publicUrl,
  }
}

/** A reader's letter, ready for DATA: RFC 5322 with CRLF, lines of at most 76 letters in the body. The pieces of the body are shared: not to be written to. `own` is what the head says of its reader. */
export type Spliced = { head: string; own: string; body: readonly Buffer[] }

/** One reader's letter in its pieces: only the head and the tokens are made for it. */
export function spliced(fixed: Fixed, personal: Personal): Spliced {
  const lines: Partial<Record<Slot, Buffer>> = {}
  const own = personalHeaders(fixed, personal)
  return {
    head: `${fixed.sender}${own}${fixed.constant}`,
    own,
    body: fixed.body.map((piece) => {
      if (typeof piece !== 'string') return piece
      lines[piece] ??= tokenLine(piece, personal.tokens[piece])
      return lines[piece]
    }),
  }
}

/** One reader's letter as it would be stored in a file. */
export function splice(fixed: Fixed, personal: Personal): Buffer {
  const { head, body } = spliced(fixed, personal)
  return Buffer.concat([ascii(head), ...body])
}

/** The SHA-256 of such a body, in base64: what DKIM calls `bh`. Its relaxed form is the body as it is. */
export function bodyHash(fixed: Fixed, { body }: Spliced): string {
  const hash = fixed.hashed.copy()
  for (const piece of body.slice(1)) hash.update(piece)
  return hash.digest('base64')
}

/** The bytes of such a letter but for the few headers that are the reader's own. */
export function size(fixed: Fixed): number {
  const line = (TOKEN / 3) * 4 + 2
  const body = fixed.body.reduce((sum, piece) => sum + (typeof piece === 'string' ? line : piece.length), 0)
  return fixed.sender.length + fixed.constant.length + body
}

function personalHeaders(fixed: Fixed, { to, messageId, date, tokens }: Personal): string {
  if (email(to) !== to) throw new Error('a letter goes to a checked address')
  if (!/^[\w.+=-]{1,100}@[A-Za-z0-9.-]{1,253}$/.test(messageId)) throw new Error('this is no message id')
  if (fixed.oneClick && !tokens.unsubscribe) throw new Error('one click needs a token')
  return [
    field('To', to),
    field('Date', dateHeader(date)),
    field('Message-ID', `<${messageId}>`),
    tokens.unsubscribe ? field('List-Unsubscribe', ways(fixed, checked(tokens.unsubscribe))) : '',
    fixed.oneClick ? field('List-Unsubscribe-Post', 'List-Unsubscribe=One-Click') : '',
  ].join('')
}

/** The ways to leave (RFC 2369): one click first, then a mail where one is heard, folded between them. */
function ways({ publicUrl, leaveBy }: Fixed, unsubscribe: string): string {
  const address = leaveBy?.(unsubscribe)
  const mail = address && `<mailto:${email(address)}?subject=unsubscribe>`
  return [`<${publicUrl}/unsubscribe/${unsubscribe}>`, ...(mail ? [mail] : [])].join(',\r\n ')
}

function constantHeaders({ subject, html }: Rendered, { listId, feedbackId, language }: Shared): string {
  const spoken = language ? plainLanguage(language) : /<html lang="([\w-]+)"/.exec(html)?.[1]
  if (listId && !/^[\w.-]{1,200}$/.test(listId.id)) throw new Error('this is no list id')
  return [
    field('Subject', unstructured(subject)),
    field('MIME-Version', '1.0'),
    spoken ? field('Content-Language', spoken) : '',
    listId ? field('List-Id', `${phrase(listId.title)}\r\n <${listId.id}>`) : '',
    feedbackId ? field('Feedback-ID', feedbackId) : '',
    field('Auto-Submitted', 'auto-generated'),
    field('X-Auto-Response-Suppress', 'OOF, AutoReply'),
  ].join('')
}

function partHeaders(kind: 'plain' | 'html'): string {
  return `${field('Content-Type', `text/${kind}; charset=utf-8`)}${field('Content-Transfer-Encoding', 'base64')}`
}

/** A source as base64 lines, open at its slots. Each run is padded after its first `mark`, where spaces mean nothing. */
function encoded(source: string, mark: '>' | '\n'): (Buffer | Slot)[] {
  const { runs, slots } = cut(source.replace(/\r?\n/g, '\r\n'))
  return runs.flatMap((run, index) => {
    const at = run.indexOf(mark) + 1 || run.length
    const padding = ' '.repeat((3 - (Buffer.byteLength(run) % 3)) % 3)
    const base64 = Buffer.from(run.slice(0, at) + padding + run.slice(at)).toString('base64')
    const lines = ascii(base64.replace(/.{1,76}/g, '$&\r\n'))
    return index < slots.length ? [lines, slots[index]!] : [lines]
  })
}

function tokenLine(name: Slot, token: string | undefined): Buffer {
  return ascii(`${ascii(checked(token, name)).toString('base64')}\r\n`)
}

function checked(token: string | undefined, name: Slot = 'unsubscribe'): string {
  if (token === undefined || token.length !== TOKEN || !/^[\w-]+$/.test(token))
    throw new Error(`the ${name} slot takes a token of ${TOKEN} letters`)
  return token
}

/** A body and the hash of its beginning, which is never a slot. */
function hashing(body: (Buffer | Slot)[]): Pick<Fixed, 'body' | 'hashed'> {
  const [first] = body
  if (!(first instanceof Buffer)) throw new Error('a body begins with what all share')
  return { body, hashed: createHash('sha256').update(first) }
}

/** Neighbouring buffers as one: the fewer pieces, the faster the splice. */
function joined(pieces: (Buffer | Slot)[]): (Buffer | Slot)[] {
  return pieces.reduce<(Buffer | Slot)[]>((done, piece) => {
    const last = done.at(-1)
    if (typeof piece !== 'string' && last !== undefined && typeof last !== 'string')
      done[done.length - 1] = Buffer.concat([last, piece])
    else done.push(piece)
    return done
  }, [])
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import type { Instant } from '../db/instant.ts'
import { wellFormed } from './text.ts'

/** A letter as it was caught. */
export type Caught = { id: string; to: string; subject: string; at: Instant; bytes: number }

/** A mail server that keeps every letter in a folder and passes none on. */
export type Outbox = {
  /** Where to submit: `smtp://127.0.0.1:<port>`. */
  readonly relay: string
  /** What was caught, the latest first. */
  caught(): Caught[]
  read(id: string): Promise<{ raw: Buffer; parsed: ParsedMail } | undefined>
  close(): Promise<void>
}

const LARGEST = 5_000_000

/** Opens a catcher on a free port of 127.0.0.1; what the folder holds from earlier days is shown too. */
export async function openOutbox(folder: string): Promise<Outbox> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const letters = readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => summary(name.slice(0, -4), readFileSync(join(folder, name))))
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    size: LARGEST,
    onData(stream, _session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void (stream.sizeExceeded || chunks.push(chunk)))
      stream.once('error', done)
      stream.once(
        'end',
        () => void catchLetter(Buffer.concat(chunks)).then((id) => done(null, `caught as ${id}`), done),
      )
    },
  })
  async function catchLetter(raw: Buffer): Promise<string> {
    const id = `${Date.now().toString(36)}${randomBytes(4).toString('hex')}`
    const unfinished = join(folder, `${id}.part`)
    await writeFile(unfinished, raw)
    await rename(unfinished, join(folder, `${id}.eml`))
    letters.push(summary(id, raw))
    return id
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.on('error', () => {}) // a client that went away is its own affair
  return {
    relay: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    caught: () => letters.toSorted((a, b) => b.at - a.at),
    async read(id) {
      const file = join(folder, `${id}.eml`)
      if (!/^[a-z0-9]+$/.test(id) || !existsSync(file)) return undefined
      const raw = readFileSync(file)
      return { raw, parsed: await simpleParser(raw, { skipImageLinks: true, skipTextLinks: true }) }
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** What a list of letters shows, read from the first lines only. */
function summary(id: string, raw: Buffer): Caught {
  const head = raw
    .subarray(0, Math.max(0, raw.indexOf('\r\n\r\n')))
    .toString('utf8')
    .replace(/\r\n[ \t]+/g, ' ')
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? ''
  const at = Date.parse(field('Date'))
  return {
    id,
    to: field('To'),
    subject: decoded(field('Subject')),
    at: (Number.isNaN(at) ? 0 : at) as Instant,
    bytes: raw.length,
  }
}

/** Encoded words (RFC 2047) as text; neighbours belong together, even in the middle of a letter. */
function decoded(value: string): string {
  const joined = value.replace(/\?=\s+=\?/g, '?==?')
  const bytes: Buffer[] = []
  let text = ''
  for (const part of joined.split(/(=\?utf-8\?[bq]\?[^?]*\?=)/i)) {
    const word = /^=\?utf-8\?([bq])\?([^?]*)\?=$/i.exec(part)
    if (word) {
      const quoted = word[2]!
        .replaceAll('_', ' ')
        .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      bytes.push(word[1]!.toLowerCase() === 'b' ? Buffer.from(word[2]!, 'base64') : Buffer.from(quoted, 'latin1'))
      continue
    }
    text += Buffer.concat(bytes.splice(0)).toString('utf8') + part
  }
  return wellFormed(text + Buffer.concat(bytes).toString('utf8'))
}

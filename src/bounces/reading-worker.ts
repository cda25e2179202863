import { parentPort } from 'node:worker_threads'
import { type ParsedMail, simpleParser } from 'mailparser'
import type { Judged, Message, Part } from './message.ts'
import { judge } from './verdict.ts'

/*
 * The thread that foreign messages are parsed and judged in: whatever they make of it, the process goes on. In: bytes with a
 * number from 1; out: 0 when it has begun, then the same number with what was read, or without it where it cannot be.
 */

const REPORTS =
  /^(message\/(delivery-status|global-delivery-status|feedback-report|disposition-notification)|text\/rfc822-headers|message\/(rfc822|rfc822-headers|global|partial))$/
const LONGEST = { text: 50_000, part: 20_000, field: 2000, subject: 500, from: 320 } // letters
const MOST_PARTS = 5
const MOST_ADDRESSES = 20
const DELIVERED = ['x-original-to', 'delivered-to', 'x-delivered-to', 'envelope-to', 'x-envelope-to']
const ADDRESS = /[^\s<>()[\]\\,;:"@]{1,64}@[^\s<>()[\]\\,;:"@]{1,253}/g
const WRITTEN_TO = ['to', 'cc']
const LIMITS = {
  keepDeliveryStatus: true,
  ignoreEmbedded: true, // a returned letter stays one piece, and its words are not taken for the answer's
  skipImageLinks: true,
  skipTextLinks: true,
  skipTextToHtml: true,
  checksumAlgo: false as const,
  maxHtmlLengthToParse: 100_000,
  maxHeadSize: 256 * 1024,
  maxChildNodes: 100,
}

async function judged(raw: Buffer): Promise<Judged> {
  const message = await parse(raw)
  const { from, to, header } = message
  return { from, to, header, verdict: judge(message) }
}

/** The message that these bytes are. Throws where nobody could say. */
async function parse(raw: Buffer): Promise<Message> {
  const mail = await simpleParser(raw, LIMITS)
  return {
    from: (mail.from?.value[0]?.address ?? '').slice(0, LONGEST.from),
    subject: (mail.subject ?? '').slice(0, LONGEST.subject),
    to: [...addressed(mail, DELIVERED), ...addressed(mail, WRITTEN_TO)].slice(0, MOST_ADDRESSES),
    header: fields(mail),
    text: (mail.text ?? '').slice(0, LONGEST.text),
    parts: mail.attachments.flatMap(reported).slice(0, MOST_PARTS),
  }
}

function fields(mail: ParsedMail): Record<string, string> {
  const header: Record<string, string> = Object.create(null)
  for (const { key, line } of mail.headerLines.slice(0, 200)) {
    header[key] ??= line
      .slice(key.length + 1, key.length + 1 + LONGEST.field)
      .replace(/\r?\n[ \t]*/g, ' ')
      .trim()
  }
  return { ...header }
}

/** The addresses in fields of these names. */
function addressed(mail: ParsedMail, names: string[]): string[] {
  const lines = mail.headerLines.filter(({ key }) => names.includes(key)).slice(0, MOST_ADDRESSES)
  const found = lines.flatMap(({ line }) => line.slice(0, LONGEST.field).match(ADDRESS) ?? [])
  return [...new Set(found.map((address) => address.toLowerCase()))]
}

function reported({ contentType, content }: ParsedMail['attachments'][number]): Part[] {
  const type = contentType.toLowerCase()
  return REPORTS.test(type) ? [{ type, text: content.subarray(0, LONGEST.part).toString('utf8') }] : []
}

parentPort!.on('message', ({ number, raw }: { number: number; raw: Uint8Array }) => {
  judged(Buffer.from(raw)).then(
    (message) => parentPort!.postMessage({ number, message }),
    () => parentPort!.postMessage({ number }),
  )
})

parentPort!.postMessage({ number: 0 })

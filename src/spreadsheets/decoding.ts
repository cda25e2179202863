import { isAscii } from 'node:buffer'
import { decoded } from '../reading/charset.ts'

/** What a file that is no table turns out to be. */
export type NoTable = 'workbook' | 'archive' | 'picture' | 'document' | 'page' | 'not-text'

const SAMPLE = 256 * 1024 // bytes from the first letter beyond ASCII on, by which the charset is told
const HEAD = 4096
const PIECE = 32 * 1024 // characters that are worth parsing at once

const MAGIC: [string, NoTable][] = [
  ['504b0304', 'archive'], ['504b0506', 'archive'], ['d0cf11e0', 'workbook'], ['89504e47', 'picture'], ['ffd8ff', 'picture'],
  ['47494638', 'picture'], ['52494646', 'picture'], ['424d', 'picture'], ['49492a00', 'picture'], ['25504446', 'document'],
  ['7b5c727466', 'document'], ['1f8b', 'archive'], ['526172211a', 'archive'], ['377abcaf', 'archive'],
] // biome-ignore format: one table

/** What is in the ZIP that Excel, LibreOffice and Numbers make. */
const SHEETS = /\[Content_Types\]\.xml|xl\/|_rels\/|docProps\/|mimetypeapplication\/vnd\.|Index\/\w+\.iwa/

/** What the beginning of a file says it is, if that is no text. */
export function noTable(head: Uint8Array): NoTable | undefined {
  const hex = Buffer.from(head.subarray(0, 8)).toString('hex')
  const known = MAGIC.find(([magic]) => hex.startsWith(magic) && (magic !== '424d' || !isAscii(head)))
  if (known) return known[1] === 'archive' && SHEETS.test(Buffer.from(head).toString('latin1')) ? 'workbook' : known[1]
  return /^\s*<(?:!doctype\s+html|html|\?xml|table)\b/i.test(Buffer.from(head).toString('latin1')) ? 'page' : undefined
}

/** How to read the bytes: a charset that is given wins over what they look like; `language` tells the 8-bit ones apart. */
export type Hints = { charset?: string; language?: string }

/**
 * The text of some bytes, in pieces worth parsing. The charset is told by a byte order mark, by zero bytes, or by the first
 * 256 kB from the first letter beyond ASCII on, wherever in the file that stands; `tell` hears which it is.
 */
export async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  hints: Hints,
  tell: (charset: string) => void,
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  let held: Uint8Array[] = []
  let size = 0
  let text = ''
  let state: 'beginning' | 'ascii' | 'deciding' = 'beginning'
  function choose(): void {
    const sample = Buffer.concat(held)
    const name = charsetOf(sample.subarray(0, SAMPLE), hints)
    tell(name)
    decoder = new TextDecoder(name)
    text += decoder.decode(sample, { stream: true })
    held = []
  }
  for await (const chunk of bytes) {
    if (decoder) text += decoder.decode(chunk, { stream: true })
    else if (state === 'ascii' && isAscii(chunk)) text += Buffer.from(chunk).toString('latin1')
    else {
      held.push(chunk)
      size += chunk.length
      if (state === 'ascii') state = 'deciding'
      if (state === 'beginning' && size >= HEAD) {
        const head = Buffer.concat(held)
        state = isAscii(head) && !isWide(head) ? 'ascii' : 'deciding'
        if (state === 'ascii') {
          text += head.toString('latin1')
          held = []
          size = 0
        }
      }
      if (state === 'deciding' && size >= SAMPLE) choose()
    }
    if (text.length < PIECE) continue
    yield text
    text = ''
  }
  if (held.length > 0) choose()
  text += decoder?.decode() ?? ''
  if (text) yield text
}

function isWide(bytes: Uint8Array): boolean {
  return charsetOf(bytes.subarray(0, HEAD), {}).startsWith('utf-16')
}

function charsetOf(sample: Uint8Array, { charset, language }: Hints): string {
  const origin = { url: '', zone: 'UTC', dateOrder: 'day' as const, now: 0 as never }
  return decoded(sample, { ...origin, ...(charset && { charset }), ...(language && { language }) }).name
}

import type { Mailbox } from '../address.ts'

const CHUNK = 39 // bytes in an encoded word: with the longest of our header names a line stays within 76 letters
const PLAIN = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/

/** One header field with its CRLF; `value` may be folded by the functions below, and by nothing else. */
export function field(name: string, value: string): string {
  const whole = `${name}: ${value}`
  if (whole.split('\r\n ').some((line) => line.length > 900 || !/^[\x20-\x7e]*$/.test(line)))
    throw new Error(`${name} is no header`)
  return `${whole}\r\n`
}

/** Text in a header, for people: as it is if it is short and ASCII, else in encoded words (RFC 2047). */
export function unstructured(text: string): string {
  refuseControls(text)
  return text.length <= 60 && PLAIN.test(text) && !text.includes('=?') ? text : encodedWords(text)
}

/** A display name: quoted if it is ASCII, else in encoded words. */
export function phrase(text: string): string {
  refuseControls(text)
  if (text.length > 60 || !PLAIN.test(text) || text.includes('=?')) return encodedWords(text)
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** `"Name" <address>`, always the same for the same mailbox. */
export function mailboxHeader({ name, address }: Mailbox): string {
  if (!name) return address
  const shown = phrase(name)
  return `${shown}${shown.startsWith('=?') ? '\r\n' : ''} <${address}>`
}

/** A moment as RFC 5322 writes it. */
export function dateHeader(at: number): string {
  if (!Number.isSafeInteger(at)) throw new Error('a letter needs its moment')
  return new Date(at).toUTCString().replace('GMT', '+0000')
}

function refuseControls(text: string): void {
  if (/\p{Cc}/u.test(text)) throw new Error('a header holds a control character')
}

function encodedWords(text: string): string {
  const chunks: string[] = ['']
  for (const letter of text.toWellFormed()) {
    if (Buffer.byteLength(chunks.at(-1)! + letter) > CHUNK) chunks.push('')
    chunks[chunks.length - 1] += letter
  }
  return chunks.map((chunk) => `=?UTF-8?B?${Buffer.from(chunk).toString('base64')}?=`).join('\r\n ')
}

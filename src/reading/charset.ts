import { isUtf8 } from 'node:buffer'
import { look } from './arabic.ts'
import type { Origin } from './item.ts'

/** A text, the charset it was in, and why that one. */
export type Decoded = { text: string; name: string; why: string; mended: string[] }
type Choice = { name: string; why: string }

const LATIN = /^(windows-1252|windows-1254|iso-8859-15|us-ascii)$/
const HEAD = 2000 // bytes in which a declaration is looked for

/**
 * A document's text, by the first of these that holds: its byte order mark, the editor's setting, UTF-16 without a mark,
 * strict UTF-8, UTF-8 with a few bad bytes, the Content-Type, the XML declaration, the language, the bytes themselves.
 */
export function decoded(bytes: Uint8Array, origin: Origin): Decoded {
  const { name, why } = chosen(bytes, origin)
  const text = new TextDecoder(name).decode(bytes)
  const bad = name === 'utf-8' && !isUtf8(bytes) ? text.split('\ufffd').length - 1 : 0
  return { text, name, why, mended: bad > 0 ? [`${bad} places are not UTF-8 and show as \ufffd`] : [] }
}

function chosen(bytes: Uint8Array, origin: Origin): Choice {
  const mark = marked(bytes)
  if (mark) return { name: mark, why: 'it begins with a byte order mark' }
  const set = known(origin.charset)
  if (set) return { name: set, why: 'it is set for this source' }
  const wide = unmarkedWide(bytes)
  if (wide) return { name: wide, why: 'every other byte of its beginning is zero' }
  const declared = declarations(bytes, origin)
  const wrongly = declared.find(({ name }) => name !== 'utf-8')
  if (isUtf8(bytes)) {
    if (!wrongly || bytes.every((byte) => byte < 0x80)) return { name: 'utf-8', why: 'all of it is UTF-8' }
    return { name: 'utf-8', why: `all of it is UTF-8, although ${wrongly.why} ${wrongly.name}` }
  }
  if (nearlyUtf8(bytes)) return { name: 'utf-8', why: 'all but a few bytes of it are UTF-8' }
  return eightBit(bytes, declared, origin)
}

function marked(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8'
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return undefined
}

/** UTF-16 shows by the zero bytes beside the letters of its markup. */
function unmarkedWide(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, 200)
  const zeros = [0, 0]
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2]!++
  const most = Math.floor(head.length / 2)
  if (most >= 4 && zeros[1]! > most * 0.4 && zeros[0]! < most * 0.1) return 'utf-16le'
  if (most >= 4 && zeros[0]! > most * 0.4 && zeros[1]! < most * 0.1) return 'utf-16be'
  return undefined
}

/** What it says of itself, the Content-Type first; a label that nobody knows, and UTF-16 that would have shown, says nothing. */
function declarations(bytes: Uint8Array, origin: Origin): Choice[] {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD)).toString('latin1')
  const header = known(/charset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})/i.exec(origin.contentType ?? '')?.[1])
  const xml = known(/<\?xml[^<>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})/i.exec(head)?.[1])
  const all: Choice[] = []
  if (header) all.push({ name: header, why: 'its Content-Type says' })
  if (xml) all.push({ name: xml, why: 'its XML declaration says' })
  return all.filter(({ name }) => !name.startsWith('utf-16'))
}

function known(label: string | undefined): string | undefined {
  try {
    return label ? new TextDecoder(label.trim()).encoding : undefined
  } catch {
    return undefined
  }
}

/** At least four good sequences to a bad byte: in an 8-bit charset nearly all are bad. */
function nearlyUtf8(bytes: Uint8Array): boolean {
  let [good, bad] = [0, 0]
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte < 0x80) continue
    const more = byte >= 0xc2 && byte < 0xe0 ? 1 : byte >= 0xe0 && byte < 0xf0 ? 2 : byte >= 0xf0 && byte < 0xf5 ? 3 : 0
    let follow = 0
    while (follow < more && ((bytes[at + follow + 1] ?? 0) & 0xc0) === 0x80) follow++
    if (more > 0 && follow === more) good++
    else bad++
    at += follow
  }
  return good >= bad * 4
}

function eightBit(bytes: Uint8Array, declared: Choice[], origin: Origin): Choice {
  const said = declared.filter(({ name }) => name !== 'utf-8')
  const spoken = language(bytes, origin)
  const { arabic, dense, better, against } = look(bytes)
  // Servers add Latin to whatever they send: another word of the document itself weighs more, and so do its letters.
  const best = said.find(({ name }) => !LATIN.test(name)) ?? said[0]
  if (best && isArabic(best.name)) {
    const torn = said.some(({ name }) => isArabic(name) && name !== best.name)
    if (arabic && better !== best.name && (torn || against(best.name)))
      return { name: better, why: `${best.why} ${best.name}, but its letters are those of ${better}` }
  }
  if (best && !LATIN.test(best.name)) return { name: best.name, why: `${best.why} so` }
  const but = best ? `${best.why} ${best.name}, but ` : ''
  if (arabic) return { name: better, why: `${but}its letters are Arabic ones` }
  if (dense && /^(ar|fa|ur|ckb|ps)\b/.test(spoken)) return { name: better, why: `${but}its language is ${spoken}` }
  if (/^tr\b/.test(spoken) && best?.name !== 'windows-1254')
    return { name: 'windows-1254', why: `${but}its language is ${spoken}` }
  if (best) return { name: best.name, why: `${best.why} so` }
  return { name: 'windows-1252', why: 'nothing says what it is, and it is not UTF-8' }
}

function isArabic(name: string): name is 'windows-1256' | 'iso-8859-6' {
  return name === 'windows-1256' || name === 'iso-8859-6'
}

function language(bytes: Uint8Array, origin: Origin): string {
  if (origin.language) return origin.language.toLowerCase()
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD * 4)).toString('latin1')
  const said = /<(?:dc:)?language>\s{0,9}([\w-]{2,20})|xml:lang\s{0,9}=\s{0,9}["']([\w-]{2,20})/i.exec(head)
  return (said?.[1] ?? said?.[2] ?? '').toLowerCase()
}

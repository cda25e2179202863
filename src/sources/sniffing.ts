import { extname } from 'node:path'

const HEAD = 4000 // bytes that tell what a document is

/** Whether an address looks like a feed's: then nobody need ask to know. */
export function looksLikeFeed(address: string): boolean {
  const { pathname, search } = new URL(address)
  return /feed|rss|atom|rdf|xml|json/i.test(pathname + search) || ['.rss', '.atom', '.rdf'].includes(extname(pathname))
}

/** What a document is by its first bytes, whatever its server calls it. */
export function kindOf(bytes: Buffer): 'feed' | 'page' | 'other' {
  const head = headOf(bytes).replace(/<!--.*?-->|<\?.*?\?>/gs, '')
  if (/^\s*\{/.test(head)) return JSON_FEED.test(head) ? 'feed' : 'other'
  const [, doctype, root = ''] = /<(!doctype\s+)?(?:\w+:)?(\w+)/i.exec(head) ?? []
  if (/^(rss|feed|rdf)$/i.test(root)) return 'feed'
  if (/^html$/i.test(root)) return 'page'
  if (!doctype && /<(?:\w+:)?(rss|feed|rdf)[\s>]/i.test(head)) return 'feed' // after junk
  return /<(head|body|title|meta|link|div|p|a)\b/i.test(head) ? 'page' : 'other'
}

const JSON_FEED = /"version"\s*:\s*"https?:\\?\/\\?\/(www\.)?jsonfeed\.org/i

/** The beginning as text, also of UTF-16; letters beyond ASCII do not matter. */
function headOf(bytes: Buffer): string {
  return bytes
    .subarray(0, HEAD)
    .toString('latin1')
    .replaceAll('\0', '')
    .replace(/^(ÿþ|þÿ|ï»¿)/, '')
}

/** The text of a page, by what its server says, its own `meta`, or as UTF-8. */
export function textOf(bytes: Buffer, contentType = ''): string {
  const [, named] = /charset\s*=\s*["']?([\w-]+)/i.exec(`${contentType} ${headOf(bytes)}`) ?? []
  try {
    return new TextDecoder(named ?? 'utf-8').decode(bytes)
  } catch {
    return bytes.toString()
  }
}

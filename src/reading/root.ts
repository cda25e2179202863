import { oneLine } from '../text.ts'
import { attributes, piece, type Token } from './markup.ts'
import { declare, type Family, type Names } from './names.ts'
import { resolved } from './references.ts'
import { unreadable } from './unreadable.ts'

/** Where a document begins to be a feed. */
export type Root = { tag: Token & { name: string; empty: boolean }; names: Names; mended: string[] }

const FAMILIES: Record<string, Family> = { rss: 'rss', channel: 'rss', rdf: 'rdf', feed: 'atom' }

/** Finds the root of a feed, behind whatever stands before it. Throws Problem `feed-unreadable`, saying what the document is instead. */
export function rootOf(text: string): Root {
  let first: string | undefined
  for (let at = 0; at < text.length; ) {
    const token = piece(text, at)
    at = token.end
    if (token.kind === 'declaration') {
      const page = refuseType(text, token)
      if (page) throw unreadable(webPage(text))
      at = typeEnd(text, token)
    }
    if (token.kind !== 'open') continue
    const local = token.name.slice(token.name.lastIndexOf(':') + 1).toLowerCase()
    if (local === 'html') throw unreadable(webPage(text))
    first ??= token.name
    const family = Object.hasOwn(FAMILIES, local) ? FAMILIES[local] : undefined
    if (family) return { tag: token, names: namesOf(text, token, family), mended: junk(text, token) }
  }
  throw unreadable(instead(text, first))
}

function namesOf(text: string, tag: Token & { name: string }, family: Family): Names {
  const prefix = tag.name.includes(':') ? tag.name.slice(0, tag.name.indexOf(':')).toLowerCase() : ''
  const names: Names = { family, root: family === 'rdf' ? '' : prefix, prefixes: new Map() }
  declare(names, attributes(text, tag))
  return names
}

/** Entities of a document's own are what bombs and the reading of our files are made of. True for a web page's type. */
function refuseType(text: string, token: Token): boolean {
  if (!/^<!doctype/i.test(text.slice(token.from, token.from + 9))) return false
  const end = typeEnd(text, token)
  if (/<!entity/i.test(text.slice(token.from, end)))
    throw unreadable('its document type defines entities of its own, which we do not take from strangers')
  return /^<!doctype\s{1,20}html/i.test(text.slice(token.from, token.from + 40))
}

/** A document type with a part in brackets ends behind them. */
function typeEnd(text: string, { kind, from, end }: Token): number {
  if (kind !== 'declaration' || text[from + 1] !== '!') return end
  const bracket = text.slice(from, end).indexOf('[')
  if (bracket < 0) return end
  const close = text.indexOf(']', from + bracket)
  const last = close < 0 ? -1 : text.indexOf('>', close)
  return last < 0 ? text.length : last + 1
}

function junk(text: string, tag: Token): string[] {
  const before = text.slice(0, Math.min(tag.from, 100_000))
  const other = before.replace(/<\?[^>]{0,2000}>|<!--[^>]{0,5000}-->|<!doctype[^>]{0,2000}>|\ufeff/gi, '').trim()
  return other ? ['there was something before its beginning'] : []
}

function webPage(text: string): string {
  const title = /<title[^<>]{0,200}>([^<]{1,500})<\/title/i.exec(text.slice(0, 200_000))?.[1]
  const shown = title ? oneLine(resolved(title)).slice(0, 120) : ''
  return `it is a web page${shown && ` («${shown}»)`}, not a feed`
}

const KINDS: [RegExp, string][] = [
  [/^\u001f/, 'it is compressed once more than it says'],
  [/^%PDF/, 'it is a PDF, not a feed'],
  [/^PK\u0003/, 'it is a ZIP file, not a feed'],
  [/^(.PNG|GIF8|RIFF|\ufffd\ufffd\ufffd|ÿØÿ)/, 'it is a picture, not a feed'],
]

function instead(text: string, first: string | undefined): string {
  if (!text.trim()) return 'it is empty'
  const start = text.slice(0, 2000)
  const kind = KINDS.find(([pattern]) => pattern.test(start))
  if (kind) return kind[1]
  if (/\0/.test(start)) return 'it is no text, so no feed'
  if (first && /^(head|body|title|meta|div|p|script|h1|center|a|b|br|img|table|span)$/i.test(first))
    return webPage(text)
  return first ? `it begins with <${oneLine(first).slice(0, 60)}>, which no feed does` : 'it is plain text, not a feed'
}

import { escaped, httpUrl } from '../text.ts'
import type { Entry, Picture } from './entry.ts'
import type { Document, Origin } from './item.ts'
import type { Family } from './names.ts'
import type { Fields, Value } from './parser.ts'
import { lineOfHtml, personName } from './words.ts'

/** What a document's head says of all of it. */
export type Head = Pick<Document, 'title' | 'home' | 'ttl' | 'next'> & {
  language?: string
  base: string
  authors: string[]
}

export function headOf(fields: Fields, family: Family, common: Map<string, string>, origin: Origin): Head {
  const base = based(common.get('xml:base'), origin.url)
  const links = [...(fields['link'] ?? []), ...(fields['atom:link'] ?? [])]
  const next = linkOf(links, /^(next|prev-archive)$/, base)
  const home = family === 'atom' ? linkOf(links, /^alternate$/, base) : httpUrl(first(fields, 'link') || ' ', base)
  const language = first(fields, 'language', 'dc:language') || common.get('xml:lang')
  const ttl = ttlOf(fields)
  return {
    title: titleOf(fields['title']?.[0], family),
    base,
    authors: authorsOf(fields),
    ...(home && { home }),
    ...(next && { next }),
    ...(ttl && { ttl }),
    ...(language && { language }),
  }
}

const PERIODS: Record<string, number> = { hourly: 1, daily: 24, weekly: 168, monthly: 720, yearly: 8760 }
const MINUTE = 60_000
const LONGEST_PAUSE = 365 * 24 * 60 * MINUTE

function ttlOf(fields: Fields): number | undefined {
  const minutes = Number.parseInt(first(fields, 'ttl'), 10)
  const period = first(fields, 'sy:updateperiod').trim().toLowerCase()
  const often = Math.max(1, Number.parseInt(first(fields, 'sy:updatefrequency'), 10) || 1)
  const hours = Object.hasOwn(PERIODS, period) ? PERIODS[period]! / often : 0
  const asked = minutes > 0 ? minutes * MINUTE : hours * 60 * MINUTE
  return asked > 0 ? Math.round(Math.min(asked, LONGEST_PAUSE)) : undefined
}

/** An item of RSS or an entry of Atom. */
export function entryOf(fields: Fields, family: Family, head: Head): Entry {
  const base = based(fields.$?.['xml:base'], head.base)
  return { ...(family === 'atom' ? atomEntry(fields, base) : rssEntry(fields, base)), ...sharedOf(fields) }
}

type Shared = Pick<Entry, 'authors' | 'tags' | 'pictures' | 'language' | 'published' | 'updated'>

function rssEntry(fields: Fields, base: string): Omit<Entry, keyof Shared> {
  const guid = first(fields, 'guid')
  const permalink = attribute(fields['guid']?.[0], 'ispermalink').trim().toLowerCase() !== 'false'
  const full = htmlOf(fields, ['content:encoded', 'content', 'body'])
  const description = htmlOf(fields, ['description', 'summary'])
  return {
    ids: [guid, first(fields, 'id', 'atom:id')],
    links: [
      first(fields, 'feedburner:origlink'),
      ...(fields['link'] ?? []).map(text),
      fields.$?.['rdf:about'],
      linkOf(fields['link'] ?? [], /^alternate$/, base), // as Atom has it, without the prefix
      linkOf(fields['atom:link'] ?? [], /^alternate$/, base),
      permalink && /^https?:/i.test(guid.trim()) ? guid : undefined,
    ],
    base,
    title: titleOf(
      fields['title']?.find((title) => text(title).trim()),
      'rss',
    ),
    html: full || description,
    summary: full ? description : undefined,
  }
}

function atomEntry(fields: Fields, base: string): Omit<Entry, keyof Shared> {
  const content = fields['content']?.[0]
  const html = content === undefined ? '' : contentOf(content)
  const summary = fields['summary']?.[0] === undefined ? '' : contentOf(fields['summary'][0])
  const inner = attribute(content, 'xml:base') || (html.trim() ? '' : attribute(fields['summary']?.[0], 'xml:base'))
  const links = fields['link'] ?? []
  return {
    ids: [first(fields, 'id', 'guid')],
    links: [
      first(fields, 'feedburner:origlink'),
      resolvedAgainst(linkOf(links, /^alternate$/, base), base),
      ...links.map(text), // as RSS has it
      attribute(content, 'src'),
      /^https?:/i.test(first(fields, 'id').trim()) ? first(fields, 'id') : undefined,
    ],
    base: based(inner, base),
    title: titleOf(fields['title']?.[0], 'atom'),
    html: html.trim() ? html : summary || htmlOf(fields, ['content:encoded', 'description']),
    summary: html.trim() ? summary : undefined,
  }
}

function sharedOf(fields: Fields): Shared {
  const category = (value: Value) => attribute(value, 'label') || lineOfHtml(text(value)) || attribute(value, 'term')
  const all = (name: string) => (fields[name] ?? []).map(text)
  return {
    published: [first(fields, 'published', 'pubdate', 'issued'), first(fields, 'dc:date', 'dcterms:issued', 'created', 'dcterms:created', 'atom:published')], // biome-ignore format: one list
    updated: [first(fields, 'updated', 'modified', 'atom:updated', 'dcterms:modified')],
    authors: authorsOf(fields),
    tags: [...(fields['category'] ?? []).map(category), ...all('dc:subject').map(lineOfHtml)],
    pictures: picturesOf(fields),
    language: first(fields, 'dc:language', 'language') || fields.$?.['xml:lang'],
  }
}

function authorsOf(fields: Fields): string[] {
  const named = (fields['author'] ?? []).map((value) => text(inner(value, 'name')[0] ?? value))
  const creators = (fields['dc:creator'] ?? []).map(text)
  const all = creators.length > 0 ? creators : named.some(Boolean) ? named : (fields['itunes:author'] ?? []).map(text)
  return all.map(lineOfHtml).map(personName).filter(Boolean)
}

const PICTURE = /\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)/i

function picturesOf(fields: Fields): Picture[] {
  const words = (value: Value, name: string) => lineOfHtml(text(inner(value, name)[0] ?? fields[name]?.[0] ?? ''))
  const media = (fields['media:content'] ?? []).flatMap((value): Picture[] => {
    const url = attribute(value, 'url')
    const thumbnail = attribute(inner(value, 'media:thumbnail')[0], 'url')
    const seen = isPicture(url, attribute(value, 'medium'), attribute(value, 'type')) ? url : thumbnail
    if (!seen || tiny(value)) return []
    const alt = words(value, 'media:title')
    const caption = words(value, 'media:description')
    const credit = words(value, 'media:credit')
    return [{ url: seen, alt, caption, credit, width: 1 + (Number.parseInt(attribute(value, 'width'), 10) || 0) }]
  })
  const enclosures = (fields['enclosure'] ?? []).map((value) => ({ value, url: attribute(value, 'url') }))
  const links = (fields['link'] ?? []).filter((value) => attribute(value, 'rel') === 'enclosure')
  const attached = [...enclosures, ...links.map((value) => ({ value, url: attribute(value, 'href') }))]
    .filter(({ url, value }) => isPicture(url, attribute(value, 'medium'), attribute(value, 'type')))
    .map(({ url }) => ({ url }))
  const thumbnails = (fields['media:thumbnail'] ?? [])
    .filter((value) => !tiny(value))
    .map((value) => attribute(value, 'url'))
  const images = (fields['image'] ?? []).map(
    (value) => attribute(value, 'url') || text(inner(value, 'url')[0] ?? value),
  )
  const own = (fields['itunes:image'] ?? []).map((value) => attribute(value, 'href'))
  return [
    ...media,
    ...attached,
    ...[...own, ...images, ...thumbnails].filter((url) => url.trim()).map((url) => ({ url })),
  ]
}

function isPicture(url: string, medium: string, type: string): boolean {
  if (!url.trim()) return false
  if (medium || type) return medium === 'image' || /^image\/(?!svg)/i.test(type)
  return PICTURE.test(url)
}

function tiny(value: Value): boolean {
  return /^[01]$/.test(attribute(value, 'width')) || /^[01]$/.test(attribute(value, 'height'))
}

/** A title as one line of text: as HTML in RSS, as its type says in Atom. */
function titleOf(value: Value | undefined, family: Family): string {
  if (value === undefined) return ''
  const isHtml = attribute(value, 'type') ? /html/i.test(attribute(value, 'type')) : family !== 'atom'
  return isHtml ? lineOfHtml(text(value)) : text(value)
}

function htmlOf(fields: Fields, names: string[]): string {
  for (const name of names) {
    const value = (fields[name] ?? []).map(text).find((one) => /\S/.test(one))
    if (value) return value
  }
  return ''
}

/** Text of Atom as HTML: what is not said to be HTML is text; pictures and other binaries are nothing. */
function contentOf(value: Value): string {
  const type = attribute(value, 'type').toLowerCase()
  if (/html/.test(type)) return text(value)
  if (type === '' && attribute(value, 'mode') === 'escaped') return text(value)
  if (type === '' || type.startsWith('text')) return escaped(text(value))
  return ''
}

/** A link with one of these relations, the web page's first; without a relation it is `alternate`. */
function linkOf(links: Value[], wanted: RegExp, base: string): string | undefined {
  const fitting = links.filter((link) => attribute(link, 'href') && wanted.test(attribute(link, 'rel') || 'alternate'))
  const best = fitting.find((link) => /^(text\/html.*|)$/.test(attribute(link, 'type'))) ?? fitting[0]
  return best && resolvedAgainst(attribute(best, 'href'), base)
}

function resolvedAgainst(url: string | undefined, base: string): string | undefined {
  return url?.trim() ? httpUrl(url, base) : undefined
}

function based(base: string | undefined, outer: string): string {
  return (base?.trim() && httpUrl(base, outer)) || outer
}

function first(fields: Fields, ...wanted: string[]): string {
  for (const name of wanted) {
    const value = fields[name]?.map(text).find((one) => /\S/.test(one))
    if (value) return value
  }
  return ''
}

function text(value: Value): string {
  if (typeof value === 'string') return value
  return typeof value?._ === 'string' ? value._ : ''
}

function attribute(value: Value | undefined, name: string): string {
  return (typeof value === 'object' && value?.$?.[name]) || ''
}

function inner(value: Value, name: string): Value[] {
  const found = typeof value === 'object' ? value[name] : undefined
  return Array.isArray(found) ? (found as Value[]) : []
}

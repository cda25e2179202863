import { randomBytes } from 'node:crypto'
import { type Extension, Feed, type FeedOptions, type Item } from 'feed'
import { escaped, wellFormed } from '../text.ts'
import type { Entry, Gone, Image } from './entry.ts'

/*
 * The one door of `feed`. It escapes only the first `]]>` of a text, nothing in attributes, undoes `&amp;`, rewrites ids,
 * guesses types and throws at whatever `new URL()` does. So none of our texts passes through it: it gets a marker nobody
 * can guess for each, builds the skeleton, and the texts, made safe for where they stand, take the markers' places.
 */

/** What stands above the entries. */
export type Head = {
  id: string
  title: string
  description: string
  link: string
  self: string
  alternates: { href: string; type: string }[]
  language: string
  updated: Date
  author: { name: string; link: string }
  logo?: string
  gone: Gone[]
}

const TTL = 5 // minutes: what Cache-Control says
const NAMESPACES = {
  rss: 'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"',
  atom: 'xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"',
}

/** The document's text. */
export function write(head: Head, entries: Entry[], format: 'rss' | 'atom' | 'json'): string {
  return { rss: writeRss, atom: writeAtom, json: writeJson }[format](head, entries)
}

function writeRss(head: Head, entries: Entry[]): string {
  const slots = openSlots()
  const feed = new Feed({
    ...headOptions(head, slots),
    description: slots.text(head.description || head.title), // RSS wants one
    docs: 'https://www.rssboard.org/rss-specification',
    language: slots.text(head.language),
    ttl: TTL,
    feedLinks: { rss: slots.text(head.self) },
    copyright: slots.elements(
      head.alternates.map(({ href, type }) => element('atom:link', { rel: 'alternate', type, href })),
    ),
  })
  for (const entry of entries) {
    feed.addItem({
      title: slots.text(entry.title),
      id: slots.text(entry.id),
      link: slots.text(entry.link),
      date: entry.updated,
      published: entry.published,
      ...(entry.excerptHtml && { description: slots.html(entry.excerptHtml) }),
      ...(entry.html && { content: slots.html(entry.html) }),
      category: entry.categories.map((name) => ({ name: slots.text(name) })),
      ...enclosureOf(entry.image, slots),
      extensions: [{ name: 'slot', objects: { _text: slots.elements(rssExtras(entry)) } }],
    })
  }
  return slots.fill(feed.rss2().replace(/<rss [^>]*>/, `<rss version="2.0" ${NAMESPACES.rss}>`))
}

function rssExtras(entry: Entry): string[] {
  const creators = entry.authors.map((name) => element('dc:creator', {}, name)) // <author> would have to be an address
  return [...creators, element('dc:language', {}, entry.language), ...commonExtras(entry)]
}

function writeAtom(head: Head, entries: Entry[]): string {
  const slots = openSlots()
  const feed = new Feed({
    ...headOptions(head, slots),
    author: { name: slots.text(head.author.name), link: slots.text(head.author.link) },
    feedLinks: { atom: slots.text(head.self) },
    copyright: slots.elements([
      ...head.alternates.map(({ href, type }) => element('link', { rel: 'alternate', type, href })),
      ...head.gone.map(({ id, at, reason }) =>
        wrapped(
          'at:deleted-entry',
          { ref: id, when: at.toISOString() },
          reason ? element('at:comment', {}, reason) : '',
        ),
      ),
    ]),
  })
  for (const entry of entries) {
    feed.addItem({
      title: slots.text(entry.title),
      id: slots.text(entry.id),
      link: slots.text(entry.link),
      date: entry.updated,
      published: entry.published,
      ...(entry.excerptHtml && { description: slots.html(entry.excerptHtml) }),
      ...(entry.html && { content: slots.html(entry.html) }),
      author: entry.authors.map((name) => ({ name: slots.text(name) })),
      category: entry.categories.map((name) => ({ term: slots.text(name) })),
      copyright: slots.elements([...atomEnclosure(entry.image), ...commonExtras(entry)]),
    })
  }
  let index = 0
  const skeleton = feed
    .atom1()
    .replace('<feed ', `<feed ${NAMESPACES.atom} xml:lang="${escaped(head.language)}" `)
    .replace(/<entry>/g, () => `<entry xml:lang="${escaped(entries[index++]!.language)}">`)
  return slots.fill(skeleton)
}

function writeJson(head: Head, entries: Entry[]): string {
  const feed = new Feed({
    title: head.title,
    ...(head.description && { description: head.description }),
    link: head.link,
    feedLinks: { json: head.self },
    ...(head.logo && { image: head.logo }),
    updated: head.updated,
  })
  feed.extensions = jsonKeys({
    version: 'https://jsonfeed.org/version/1.1',
    language: head.language,
    authors: [{ name: head.author.name, url: head.author.link }],
  })
  for (const entry of entries) {
    const { image, authors, categories } = entry
    feed.addItem({
      id: entry.id,
      link: entry.link,
      title: entry.title,
      content: entry.html || entry.excerptHtml,
      ...(entry.html && entry.excerpt && { description: entry.excerpt }),
      ...(image && { image: image.url }),
      date: entry.updated,
      published: entry.published,
      ...(categories.length > 0 && { category: categories.map((name) => ({ name })) }),
      extensions: jsonKeys({
        language: entry.language,
        ...(authors.length > 0 && { authors: authors.map((name) => ({ name })) }),
        ...(image?.bytes && {
          attachments: [{ url: image.url, mime_type: image.type, size_in_bytes: image.bytes }],
        }),
      }),
    })
  }
  return feed.json1()
}

/** In JSON an extension is a key, which may also replace one of the version that `feed` writes. */
function jsonKeys(keys: Record<string, unknown>): Extension[] {
  return Object.entries(keys).map(([name, objects]) => ({ name, objects: objects as Record<string, unknown> }))
}

function headOptions(head: Head, slots: Slots): FeedOptions {
  return {
    id: slots.text(head.id),
    title: slots.text(head.title),
    ...(head.description && { description: slots.text(head.description) }),
    link: slots.text(head.link),
    ...(head.logo && { image: slots.text(head.logo) }),
    updated: head.updated,
    generator: 'Nashra',
  }
}

function enclosureOf(image: Image | undefined, slots: Slots): Pick<Item, 'enclosure'> {
  if (!image?.bytes || !image.type) return {}
  return { enclosure: { url: slots.text(image.url), length: image.bytes, type: image.type } }
}

function atomEnclosure(image: Image | undefined): string[] {
  if (!image?.bytes || !image.type) return []
  return [element('link', { rel: 'enclosure', type: image.type, length: image.bytes, href: image.url })]
}

/** What RSS and Atom both take from other vocabularies: the credit and the picture. */
function commonExtras({ credit, image }: Entry): string[] {
  return [...(credit ? [element('dc:source', {}, credit)] : []), ...mediaOf(image)]
}

function mediaOf(image: Image | undefined): string[] {
  if (!image) return []
  const { url, width, height, type, bytes: fileSize, thumbnail, alt, caption, credit } = image
  const words = [
    ...(caption || alt ? [element('media:description', { type: 'plain' }, caption || alt)] : []),
    ...(credit ? [element('media:credit', {}, credit)] : []),
  ].join('')
  return [
    wrapped('media:content', { url, medium: 'image', type, fileSize, width, height }, words),
    ...(thumbnail ? [element('media:thumbnail', thumbnail)] : []),
  ]
}

type Attributes = Record<string, string | number | undefined>

function element(name: string, attributes: Attributes, text = ''): string {
  return wrapped(name, attributes, escaped(text))
}

/** An element around XML that is safe already. */
function wrapped(name: string, attributes: Attributes, xml: string): string {
  const written = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const start = [name, ...written.map(([key, value]) => `${key}="${escaped(String(value))}"`)].join(' ')
  return xml ? `<${start}>${xml}</${name}>` : `<${start}/>`
}

type Slots = ReturnType<typeof openSlots>

/** Markers for a document's texts, and the texts. A marker is a `urn:`, because `feed` reads some of them as addresses. */
function openSlots() {
  const nonce = randomBytes(12).toString('hex')
  const held: string[] = []
  function hold(safe: string): string {
    held.push(wellFormed(safe))
    return `urn:${nonce}:${held.length - 1}.`
  }
  return {
    /** For text between tags or in an attribute. */
    text: (text: string) => hold(escaped(text)),
    /** For HTML in a CDATA section, which `]]>` would end. */
    html: (html: string) => hold(html.replaceAll(']]>', ']]&gt;')),
    /** For elements: the element that carries the marker goes. */
    elements: (elements: string[]) => hold(elements.join('\n')),
    fill: (skeleton: string) =>
      skeleton
        .replace(/<(rights|copyright|slot)>([^<]*)<\/\1>/g, '$2')
        .replace(/<title[^>]*><!\[CDATA\[([^\]]*)\]\]>/g, '<title>$1') // plain text, which all readers show as it is
        .replace(new RegExp(`urn:${nonce}:(\\d+)\\.`, 'g'), (_, index) => held[index]!),
  }
}

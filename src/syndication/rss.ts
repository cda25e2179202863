import { Feed, type Item } from 'feed'
import type { Entry, Image } from './entry.ts'
import { commonExtras } from './extras.ts'
import { type Head, headOptions, styled } from './head.ts'
import { element, openSlots, type Slots } from './slots.ts'

const TTL = 5 // minutes: what Cache-Control says
const NAMESPACES =
  'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:fh="http://purl.org/syndication/history/1.0" xmlns:media="http://search.yahoo.com/mrss/"'

/** The document as RSS 2.0. */
export function writeRss(head: Head, entries: Entry[]): string {
  const slots = openSlots()
  const feed = new Feed({
    ...headOptions(head, slots),
    description: slots.text(head.description || head.title), // RSS wants one
    docs: 'https://www.rssboard.org/rss-specification',
    language: slots.text(head.language),
    ttl: TTL,
    feedLinks: { rss: slots.text(head.self) },
    copyright: slots.elements(head.links.map(({ rel, type, href }) => element('atom:link', { rel, type, href }))),
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
  return slots.fill(styled(feed.rss2().replace(/<rss [^>]*>/, `<rss version="2.0" ${NAMESPACES}>`), head))
}

function rssExtras(entry: Entry): string[] {
  const creators = entry.authors.map((name) => element('dc:creator', {}, name)) // <author> would have to be an address
  return [...creators, element('dc:language', {}, entry.language), ...commonExtras(entry)]
}

function enclosureOf(image: Image | undefined, slots: Slots): Pick<Item, 'enclosure'> {
  if (!image?.bytes || !image.type) return {}
  return { enclosure: { url: slots.text(image.url), length: image.bytes, type: image.type } }
}

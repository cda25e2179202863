import { Feed } from 'feed'
import { escaped } from '../text.ts'
import type { Entry, Image } from './entry.ts'
import { commonExtras } from './extras.ts'
import { type Head, headOptions, styled } from './head.ts'
import { element, openSlots, type Slots, wrapped } from './slots.ts'

const NAMESPACES =
  'xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
const HISTORY = 'xmlns:fh="http://purl.org/syndication/history/1.0"'

/** What ends a document. */
export const END = '</feed>'

/** The document as Atom 1.0. */
export function writeAtom(head: Head, entries: Entry[]): string {
  return `${atomStart(head)}${atomEntries(entries)}${END}`
}

/** What stands before the entries; `archive` says that it is one (RFC 5005 §4). */
export function atomStart(head: Head, archive?: 'archive'): string {
  const slots = openSlots()
  const feed = new Feed({
    ...headOptions(head, slots),
    author: { name: slots.text(head.author.name), link: slots.text(head.author.link) },
    feedLinks: { atom: slots.text(head.self) },
    copyright: slots.elements([
      ...(archive ? [element('fh:archive', {})] : []),
      ...head.links.map(({ rel, type, href }) => element('link', { rel, type, href })),
      ...head.gone.map(({ id, at, reason }) =>
        wrapped(
          'at:deleted-entry',
          { ref: id, when: at.toISOString() },
          reason ? element('at:comment', {}, reason) : '',
        ),
      ),
    ]),
  })
  const namespaces = archive ? `${NAMESPACES} ${HISTORY}` : NAMESPACES
  const skeleton = feed.atom1().replace('<feed ', `<feed ${namespaces} xml:lang="${escaped(head.language)}" `)
  return slots.fill(styled(skeleton.slice(0, skeleton.lastIndexOf(END)), head))
}

/** Entries as they stand one after another in any document; `END` or more of them may follow. */
export function atomEntries(entries: Entry[]): string {
  if (entries.length === 0) return ''
  const slots = openSlots()
  const feed = new Feed({ id: '', title: '', updated: new Date(0) })
  for (const entry of entries) addTo(feed, entry, slots)
  const skeleton = feed.atom1()
  let index = 0
  const written = skeleton
    .slice(skeleton.indexOf('    <entry>'), skeleton.lastIndexOf(END))
    .replace(/<entry>/g, () => `<entry xml:lang="${escaped(entries[index++]!.language)}">`)
  return slots.fill(written)
}

function addTo(feed: Feed, entry: Entry, slots: Slots): void {
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

function atomEnclosure(image: Image | undefined): string[] {
  if (!image?.bytes || !image.type) return []
  return [element('link', { rel: 'enclosure', type: image.type, length: image.bytes, href: image.url })]
}

import { type Extension, Feed } from 'feed'
import type { Entry } from './entry.ts'
import type { Head } from './head.ts'

/** The document as JSON Feed 1.1. */
export function writeJson(head: Head, entries: Entry[]): string {
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

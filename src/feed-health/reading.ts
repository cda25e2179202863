import type { Format } from '../syndication/index.ts'
import { type Element, readXml } from './xml.ts'

/** A document as a reader takes it, the same for all formats. */
export type Reading = {
  id: string | undefined
  title: string | undefined
  link: string | undefined
  language: string | undefined
  updated: string | undefined
  entries: ReadEntry[]
}

export type ReadEntry = {
  id: string | undefined
  link: string | undefined
  language: string | undefined
  dates: (string | undefined)[]
  enclosures: { url: string | undefined; type: string | undefined; length: string | undefined }[]
}

/** Reads a document of ours; throws at what is not well-formed or is no feed at all. */
export function readDocument(body: string, format: Format): Reading {
  return { rss: readRss, atom: readAtom, json: readJson }[format](body)
}

function readRss(body: string): Reading {
  const root = readXml(body)
  const channel = root.name === 'rss' && root.attributes.get('version') === '2.0' ? first(root, 'channel') : undefined
  if (!channel) throw new Error('it is not RSS 2.0')
  return {
    id: undefined,
    title: text(channel, 'title'),
    link: text(channel, 'link'),
    language: text(channel, 'language'),
    updated: text(channel, 'lastBuildDate'),
    entries: all(channel, 'item').map((item) => ({
      id: text(item, 'guid'),
      link: text(item, 'link'),
      language: text(item, 'dc:language'),
      dates: [text(item, 'pubDate')],
      enclosures: all(item, 'enclosure').map(enclosureOf('url')),
    })),
  }
}

function readAtom(body: string): Reading {
  const root = readXml(body)
  if (root.name !== 'feed' || root.attributes.get('xmlns') !== 'http://www.w3.org/2005/Atom')
    throw new Error('it is not Atom')
  return {
    id: text(root, 'id'),
    title: text(root, 'title'),
    link: linkOf(root),
    language: root.attributes.get('xml:lang'),
    updated: text(root, 'updated'),
    entries: all(root, 'entry').map((entry) => ({
      id: text(entry, 'id'),
      link: linkOf(entry),
      language: entry.attributes.get('xml:lang'),
      dates: [text(entry, 'published'), text(entry, 'updated')],
      enclosures: all(entry, 'link')
        .filter((link) => link.attributes.get('rel') === 'enclosure')
        .map(enclosureOf('href')),
    })),
  }
}

type Json = Record<string, unknown>

function readJson(body: string): Reading {
  const feed = JSON.parse(body) as Json
  if (!/^https:\/\/jsonfeed\.org\/version\/1/.test(String(feed['version'])) || !Array.isArray(feed['items']))
    throw new Error('it is not a JSON Feed')
  return {
    id: undefined,
    title: word(feed['title']),
    link: word(feed['home_page_url']),
    language: word(feed['language']),
    updated: undefined,
    entries: (feed['items'] as Json[]).map((item) => ({
      id: word(item['id']),
      link: word(item['url']),
      language: word(item['language']),
      dates: [word(item['date_published']), word(item['date_modified'])],
      enclosures: ((item['attachments'] ?? []) as Json[]).map((one) => ({
        url: word(one['url']),
        type: word(one['mime_type']),
        length: word(one['size_in_bytes']),
      })),
    })),
  }
}

function all(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name)
}

function first(element: Element, name: string): Element | undefined {
  return element.children.find((child) => child.name === name)
}

function text(element: Element, name: string): string | undefined {
  return first(element, name)?.text
}

function linkOf(element: Element): string | undefined {
  return all(element, 'link')
    .find((link) => (link.attributes.get('rel') ?? 'alternate') === 'alternate')
    ?.attributes.get('href')
}

function enclosureOf(address: string) {
  return ({ attributes }: Element) => ({
    url: attributes.get(address),
    type: attributes.get('type'),
    length: attributes.get('length'),
  })
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

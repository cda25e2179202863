import { escaped, httpUrl, oneLine } from '../text.ts'
import { isBearable } from './bounds.ts'
import type { Entry, Picture } from './entry.ts'
import type { Origin } from './item.ts'
import { DEEPEST } from './leaf.ts'
import { unreadable } from './unreadable.ts'
import { personName } from './words.ts'
import type { Head } from './xml.ts'

const MOST_SIGNS = 600_000

type Json = Record<string, unknown>

/** A JSON Feed 1.0 or 1.1: its head, and its items as they stand. Throws Problem `feed-unreadable` for any other JSON. */
export function readJson(text: string, origin: Origin): { head: Head; items: unknown[] } {
  const feed = parsed(text)
  if (!/jsonfeed\.org\/version\/1/.test(word(feed['version'])) && !Array.isArray(feed['items']))
    throw unreadable(`it is JSON, but no JSON Feed${complaint(feed)}`)
  const home = httpUrl(word(feed['home_page_url']) || ' ', origin.url)
  const next = httpUrl(word(feed['next_url']) || ' ', origin.url)
  const language = word(feed['language'])
  return {
    head: {
      title: oneLine(word(feed['title'])),
      base: origin.url,
      authors: authorsOf(feed),
      ...(home && { home }),
      ...(next && { next }),
      ...(language && { language }),
    },
    items: list(feed['items']),
  }
}

/** An item of a JSON Feed; undefined for what is none. */
export function jsonEntry(value: unknown, head: Head): Entry | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const item = value as Json
  const html = word(item['content_html'])
  const said = word(item['content_text'])
  return {
    ids: [word(item['id'])],
    links: [
      word(item['url']),
      word(item['external_url']),
      /^https?:/i.test(word(item['id'])) ? word(item['id']) : undefined,
    ],
    base: head.base,
    title: word(item['title']),
    html: html.trim() ? html : escaped(said),
    summary: escaped(word(item['summary'])),
    published: [word(item['date_published'])],
    updated: [word(item['date_modified'])],
    authors: authorsOf(item),
    tags: list(item['tags']).map(word),
    pictures: picturesOf(item),
    language: word(item['language']),
  }
}

function parsed(text: string): Json {
  if (!isBearable(text, MOST_SIGNS, DEEPEST))
    throw unreadable(`it is nested more than ${DEEPEST} deep, or holds more than ${MOST_SIGNS} values`)
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
  } catch {
    throw unreadable('it looks like JSON and is not well-formed')
  }
}

function complaint(feed: Json): string {
  const said = ['error', 'message', 'detail', 'code'].map((key) => oneLine(word(feed[key]))).find(Boolean)
  return said ? `: «${said.slice(0, 120)}»` : ''
}

function authorsOf(item: Json): string[] {
  const all = [...list(item['authors']), item['author']]
  return all.map((author) => personName(word((author as Json | null | undefined)?.['name']))).filter(Boolean)
}

function picturesOf(item: Json): Picture[] {
  const attached = list(item['attachments'])
    .filter((one) => /^image\/(?!svg)/i.test(word((one as Json | null)?.['mime_type'])))
    .map((one) => word((one as Json)['url']))
  return [word(item['image']), word(item['banner_image']), ...attached]
    .filter((url) => url.trim())
    .map((url) => ({ url }))
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

import type { Article, Story } from '../articles/index.ts'
import * as links from '../links.ts'
import { isLanguage } from '../locale.ts'
import * as media from '../media.ts'
import { escaped, httpUrl, oneLine } from '../text.ts'
import { directed, fullText } from './body.ts'

/** An article as all three formats carry it: checked, texts plain, addresses absolute. */
export type Entry = {
  id: string
  link: string
  title: string
  published: Date
  updated: Date
  language: string
  /** The full text, '' where only the excerpt is given. */
  html: string
  excerpt: string
  excerptHtml: string
  authors: string[]
  categories: string[]
  credit: string
  image: Image | undefined
}

/** An article's picture; of one that lies elsewhere we know the address only. */
export type Image = {
  url: string
  width?: number
  height?: number
  type?: string
  bytes?: number
  thumbnail?: { url: string; width: number; height: number }
  alt: string
  caption: string
  credit: string
}

/** A withdrawn article: readers take it away. */
export type Gone = { id: string; at: Date; reason: string }

const ABSOLUTE = /^(https?:\/\/|tag:|urn:[a-z0-9][a-z0-9-]{0,31}:)[^\s<>"{}|\\^`\p{Cc}\p{Cs}]+$/iu
const EARLIEST = -2e12 // 1906: RFC 822 and readers want years of four digits that somebody may have meant
const LATEST = 4.2e12

/** An article as an entry; throws its reason if no reader could take it. */
export function readEntry(story: Story, base: string, full: boolean): Entry {
  const title = oneLine(story.title)
  if (!title) throw new Error('it has no title')
  if (!isLanguage(story.language)) throw new Error('Incorrect locale information provided')
  const published = date(story.published_at, 'published_at')
  const image = readImage(story, base)
  const excerpt = oneLine(story.excerpt)
  return {
    id: absoluteId(story.entry_id),
    link: links.article(base, { public_id: story.public_id, title }),
    title,
    published,
    updated: new Date(Math.max(published.getTime(), date(story.updated_at, 'updated_at').getTime())),
    language: story.language,
    html: full ? fullText(story, image, base) : '',
    excerpt,
    excerptHtml: excerpt && directed('p', story.language, escaped(excerpt)),
    authors: names(story.authors),
    categories: names([story.section ?? '', ...story.tags]),
    credit: oneLine(story.credit ?? ''),
    image,
  }
}

/** A withdrawn article; throws like `readEntry`. */
export function readGone(article: Pick<Article, 'entry_id' | 'withdrawn_at' | 'withdrawn_reason'>): Gone {
  return {
    id: absoluteId(article.entry_id),
    at: date(article.withdrawn_at ?? Number.NaN, 'withdrawn_at'),
    reason: oneLine(article.withdrawn_reason ?? ''),
  }
}

function absoluteId(id: string): string {
  if (!ABSOLUTE.test(id)) throw new Error('its id is not a tag:, urn: or http(s) address')
  return id
}

function date(at: number, name: string): Date {
  if (!(at >= EARLIEST && at <= LATEST)) throw new Error(`${name} is not a date between 1906 and 2103`)
  return new Date(at)
}

function names(list: string[]): string[] {
  return [...new Set(list.map(oneLine).filter(Boolean))]
}

function readImage(story: Story, base: string): Image | undefined {
  const words = {
    alt: oneLine(story.image_alt ?? ''),
    caption: oneLine(story.image_caption ?? ''),
    credit: oneLine(story.image_credit ?? ''),
  }
  if (story.picture && story.picture.variants.length > 0) {
    const { width, height, type, bytes, ...large } = media.nearest(story.picture, 1200)
    const small = media.nearest(story.picture, 320)
    const thumbnail = { url: links.media(base, small), width: small.width, height: small.height }
    return { url: links.media(base, large), width, height, type, bytes, thumbnail, ...words }
  }
  const url = story.image_url ? httpUrl(story.image_url) : undefined
  return url ? { url, ...words } : undefined
}

import { createHash } from 'node:crypto'
import type { Instant } from '../../db/instant.ts'
import type { Channel } from '../channels.ts'
import type { Stream } from '../digests/index.ts'
import * as links from '../links.ts'
import { longDate, say } from '../locale.ts'
import type { Picture } from '../media.ts'
import type { Site } from '../site.ts'
import { escaped, oneLine } from '../text.ts'
import { directed } from './body.ts'
import { type Document, headOf, mutual, sound } from './build.ts'
import type { Entry } from './entry.ts'
import { derivedId } from './facet.ts'
import { type Format, TYPES, write } from './write.ts'

/** What the feed of a digest's editions is made of; `everything` is the channel of all news. */
export type EditionsInput = {
  site: Site
  logo?: Picture
  everything: Channel
  stream: Stream
  changedAt: Instant
  url: string
  stylesheet?: string
}

/** What an editions feed depends on, as one short text. */
export function markOfEditions({ site, stream }: Pick<EditionsInput, 'site' | 'stream'>): string {
  return createHash('sha256')
    .update(JSON.stringify([site.changed_at, site.name, stream]))
    .digest('base64url')
}

/** Builds the document of a digest's editions: each edition is one entry, its headlines are what it says. */
export function buildEditions(input: EditionsInput, format: Format): Document {
  const { site, everything, stream, url, changedAt } = input
  const { digest, list } = stream
  const changed = Math.max(changedAt, site.changed_at) as Instant
  const name = oneLine(site.name) || new URL(url).host
  const channel = {
    ...everything,
    feed_id: derivedId(everything.feed_id, 'editions', String(digest.id)),
    title: digest.title,
    description: say(list.language, 'feed.editions', { digest: oneLine(digest.title), paper: name }),
    language: list.language,
  }
  const feed = (other: Format) => links.editionsFeed(url, digest.slug, other)
  const head = {
    ...headOf({ ...input, channel, place: { page: links.digest(url, digest.slug), feed } }, changed, []),
    ...mutual(feed, format),
  }
  const leftOut: Document['leftOut'] = []
  const entries = sound(stream.editions, leftOut, (edition) => entryOf(edition, input))
  const body = Buffer.from(write(head, entries, format))
  return { body, type: `${TYPES[format]}; charset=utf-8`, changedAt: changed, freshUntil: null, leftOut }
}

function entryOf(edition: Stream['editions'][number], { everything, stream, url }: EditionsInput): Entry {
  const { digest, list } = stream
  const dated = `${oneLine(digest.title)} · ${longDate(Temporal.PlainDate.from(edition.day), list.language)}`
  const withdrawn = edition.headlines.map((headline) => headline.withdrawn_at ?? 0)
  return {
    id: derivedId(everything.feed_id, 'edition', edition.public_id),
    link: links.edition(url, digest.slug, edition.day),
    title: oneLine(edition.subject ?? '') || dated,
    published: new Date(edition.composed_at),
    updated: new Date(Math.max(edition.composed_at, ...withdrawn)),
    language: list.language,
    html: directed('div', list.language, headlines(edition.headlines, list.language, url)),
    excerpt: '',
    excerptHtml: '',
    authors: [],
    categories: [],
    credit: '',
    image: undefined,
  }
}

function headlines(list: Stream['editions'][number]['headlines'], language: string, url: string): string {
  const items = list.map((headline) => {
    if (headline.withdrawn_at !== null) {
      const reason = oneLine(headline.withdrawn_reason ?? '')
      return `<li>${escaped([say(language, 'article.withdrawn'), reason].filter(Boolean).join(' · '))}</li>`
    }
    const title = oneLine(headline.title)
    return `<li><a href="${escaped(links.article(url, { ...headline, title }))}">${directed('bdi', headline.language, escaped(title))}</a></li>`
  })
  return `<ul>\n${items.join('\n')}\n</ul>`
}

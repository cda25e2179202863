import { type Instant, later } from '../../db/instant.ts'
import type { Story } from '../articles/index.ts'
import * as links from '../links.ts'
import * as media from '../media.ts'
import { oneLine } from '../text.ts'
import { type Entry, type Gone, readEntry, readGone } from './entry.ts'
import type { Head, Link } from './head.ts'
import { type Input, placeOf, REMEMBERED } from './input.ts'
import { monthOf } from './month.ts'
import { type Format, formats, TYPES, write } from './write.ts'

/** A feed document as it is served; `freshUntil` is when time alone will change it. */
export type Document = {
  body: Buffer
  type: string
  changedAt: Instant
  freshUntil: Instant | null
  leftOut: LeftOut[]
}

/** An article that no reader could take, and why. */
export type LeftOut = { id: string; reason: string }

const MOST_HTML = 2_000_000 // letters of full text in one document; what comes after is given as its excerpt

/**
 * Builds a stream's document: the same input, the same bytes, on every machine.
 *
 * An article that no reader could take is left out and reported; it changes nothing for the others.
 */
export function build(input: Input, format: Format): Document {
  const leftOut: LeftOut[] = []
  const changedAt = lastChange(input)
  const entries = sound(input.stories, leftOut, entryReader(input))
  const since = later(changedAt, -REMEMBERED)
  const gone = goneOf(
    input.deleted.filter((article) => article.withdrawn_at! >= since),
    leftOut,
  )
  const head = { ...headOf(input, changedAt, gone), ...linksOf(input, format) }
  const body = Buffer.from(write(head, entries, format))
  return { body, type: `${TYPES[format]}; charset=utf-8`, changedAt, freshUntil: input.nextDue ?? null, leftOut }
}

/** Withdrawn articles that readers can have seen, the last one first. */
export function goneOf(deleted: Input['deleted'], leftOut: LeftOut[]): Gone[] {
  return sound(
    deleted.filter((article) => article.withdrawn_at! >= article.published_at),
    leftOut,
    readGone,
  ).sort((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? -1 : 1))
}

/** Those that can be read; what is wrong with the others is noted. */
export function sound<From extends { public_id: string }, To>(
  articles: From[],
  leftOut: LeftOut[],
  read: (article: From) => To,
): To[] {
  return articles.flatMap((article) => {
    try {
      return [read(article)]
    } catch (error) {
      leftOut.push({ id: article.public_id, reason: (error as Error).message })
      return []
    }
  })
}

/** The head of any document of a channel, but for the links between its documents. */
export function headOf(
  input: Pick<Input, 'site' | 'logo' | 'channel' | 'place' | 'url' | 'stylesheet'>,
  changedAt: Instant,
  gone: Gone[],
): Omit<Head, 'self' | 'links'> {
  const { site, logo, channel, url, stylesheet } = input
  const name = oneLine(site.name) || new URL(url).host
  const title = oneLine(channel.title) || name
  const speaksLikeSite = (channel.language ?? site.language) === site.language
  return {
    id: channel.feed_id,
    title,
    description: oneLine(channel.description) || (speaksLikeSite ? oneLine(site.tagline) : ''),
    link: placeOf(input).page,
    language: channel.language ?? site.language,
    updated: new Date(changedAt),
    author: { name, link: `${url}/` },
    ...(logo && { logo: links.media(url, media.nearest(logo, 320)) }),
    gone,
    ...(stylesheet && { stylesheet }),
  }
}

/** A document's own address and those of the others of its stream. */
export function mutual(feed: (format: Format) => string, format: Format): { self: string; links: Link[] } {
  const others = formats.filter((other) => other !== format)
  return {
    self: feed(format),
    links: others.map((other) => ({ rel: 'alternate', href: feed(other), type: TYPES[other] })),
  }
}

/** Of a stored channel also where the months begin in which everything older lies (RFC 5005). */
function linksOf(input: Input, format: Format): Pick<Head, 'self' | 'links'> {
  const { self, links: others } = mutual(placeOf(input).feed, format)
  const oldest = input.place ? undefined : input.stories.filter(dated).at(-1)
  if (!oldest) return { self, links: others }
  const href = links.archive(input.url, input.channel.slug, monthOf(oldest.published_at, input.site.zone))
  return { self, links: [...others, { rel: 'prev-archive', href, type: TYPES.atom }] }
}

/** When what the document says last changed: a change somebody made, or an embargo that ended. */
function lastChange({ site, channel, stories }: Input): Instant {
  return Math.max(
    site.changed_at,
    channel.changed_at,
    0,
    ...stories.filter(dated).map((story) => story.published_at),
  ) as Instant
}

function dated({ published_at }: Story): boolean {
  return Number.isFinite(published_at) && Math.abs(published_at) < 4.2e12
}

/** Full text as the channel wants it, until the document has as much as a reader can be asked to fetch. */
function entryReader({ channel, url }: Input): (story: Story) => Entry {
  let left = MOST_HTML
  return (story) => {
    const full = channel.text === 'full' && story.body_html.length <= left
    if (full) left -= story.body_html.length
    return readEntry(story, url, full)
  }
}

import { setImmediate } from 'node:timers/promises'
import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Article, Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Channel } from '../channels.ts'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import type { Picture } from '../media.ts'
import * as media from '../media.ts'
import type { Site } from '../site.ts'
import { oneLine } from '../text.ts'
import { cleaned } from './body.ts'
import { type Entry, type Gone, readEntry, readGone } from './entry.ts'
import { type Head, write } from './write.ts'

/** The three documents of a channel. */
export type Format = 'rss' | 'atom' | 'json'
export const formats: Format[] = ['rss', 'atom', 'json']

/** What a document is made of. `url` is the public base; `nextDue` when the next embargoed article may be seen. */
export type Input = {
  site: Site
  logo?: Picture
  channel: Channel
  stories: Story[]
  deleted: Pick<Article, 'public_id' | 'entry_id' | 'published_at' | 'withdrawn_at' | 'withdrawn_reason'>[]
  nextDue?: Instant
  url: string
}

/** A feed document as it is served; `freshUntil` is when time alone will change it. */
export type Document = {
  body: Buffer
  type: string
  changedAt: Instant
  freshUntil: Instant | null
  leftOut: { id: string; reason: string }[]
}

const TYPES = { rss: 'application/rss+xml', atom: 'application/atom+xml', json: 'application/feed+json' }
const REMEMBERED = 30 * 24 * 60 * 60 * 1000 // ms that a withdrawn article is named in Atom
const MOST_HTML = 2_000_000 // letters of full text in one document; what comes after is given as its excerpt

/** Reads what a channel's documents are made of; in one snapshot if `db` is a transaction. */
export async function gather(db: Db, site: Site, channel: Channel, url: string, now: Instant): Promise<Input> {
  const filter = channels.filterOf(channel)
  const stories = await articles.latest(db, { filter, now, limit: channel.size })
  const since = later(Math.max(channel.changed_at, site.changed_at) as Instant, -REMEMBERED)
  const deleted = await articles.withdrawnSince(db, filter, since)
  const nextDue = await articles.nextDue(db, filter, now)
  const logo = site.logo_id === null ? undefined : (await media.pictures(db, [site.logo_id])).get(site.logo_id)
  return { site, channel, stories, deleted, url, ...(logo && { logo }), ...(nextDue !== undefined && { nextDue }) }
}

/** Cleans the bodies one by one, so that the build after it does not hold up everybody else. */
export async function prepare({ channel, stories }: Input): Promise<void> {
  if (channel.text !== 'full') return
  for (const story of stories) {
    cleaned(story.body_html)
    await setImmediate()
  }
}

/**
 * Builds a channel's document: the same input, the same bytes, on every machine.
 *
 * An article that no reader could take is left out and reported; it changes nothing for the others.
 */
export function build(input: Input, format: Format): Document {
  const leftOut: Document['leftOut'] = []
  const changedAt = lastChange(input)
  const entries = sound(input.stories, leftOut, entryReader(input))
  const since = later(changedAt, -REMEMBERED)
  const gone = sound(
    input.deleted.filter((article) => article.withdrawn_at! >= since && article.withdrawn_at! >= article.published_at),
    leftOut,
    readGone,
  ).sort((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? -1 : 1))
  const body = Buffer.from(write(headOf(input, format, changedAt, gone), entries, format))
  return { body, type: `${TYPES[format]}; charset=utf-8`, changedAt, freshUntil: input.nextDue ?? null, leftOut }
}

/** When what the document says last changed: a change somebody made, or an embargo that ended. */
function lastChange({ site, channel, stories }: Input): Instant {
  const shown = stories.map((story) => story.published_at).filter((at) => Number.isFinite(at) && Math.abs(at) < 4.2e12)
  return Math.max(site.changed_at, channel.changed_at, 0, ...shown) as Instant
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

function sound<From extends { public_id: string }, To>(
  articles: From[],
  leftOut: Document['leftOut'],
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

function headOf({ site, logo, channel, url }: Input, format: Format, changedAt: Instant, gone: Gone[]): Head {
  const name = oneLine(site.name) || new URL(url).host
  const title = oneLine(channel.title) || name
  const speaksLikeSite = (channel.language ?? site.language) === site.language
  return {
    id: channel.feed_id,
    title,
    description: oneLine(channel.description) || (speaksLikeSite ? oneLine(site.tagline) : ''),
    link: channel.slug === 'all' ? `${url}/` : links.channel(url, channel.slug),
    self: links.feed(url, channel.slug, format),
    alternates: formats
      .filter((other) => other !== format)
      .map((other) => ({ href: links.feed(url, channel.slug, other), type: TYPES[other] })),
    language: channel.language ?? site.language,
    updated: new Date(changedAt),
    author: { name, link: `${url}/` },
    ...(logo && { logo: links.media(url, media.nearest(logo, 320)) }),
    gone,
  }
}

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
import { keep } from './body.ts'
import type { Format } from './write.ts'

/** Where a stream's page for people and its documents lie. */
export type Place = { page: string; feed: (format: Format) => string }

/**
 * What a document is made of. `url` is the public base; `place` for what is not a stored channel; `nextDue` when the next
 * embargoed article may be seen.
 */
export type Input = {
  site: Site
  logo?: Picture
  channel: Channel
  place?: Place
  stories: Story[]
  deleted: Pick<Article, 'public_id' | 'entry_id' | 'published_at' | 'withdrawn_at' | 'withdrawn_reason'>[]
  nextDue?: Instant
  url: string
  stylesheet?: string
}

export const REMEMBERED = 30 * 24 * 60 * 60 * 1000 // ms that a withdrawn article is named in Atom

/** Reads what a channel's documents are made of; in one snapshot if `db` is a transaction. */
export async function gather(db: Db, site: Site, channel: Channel, url: string, now: Instant): Promise<Input> {
  const filter = await channels.sized(db, channels.filterOf(channel))
  const stories = await articles.latest(db, { filter, now, limit: channel.size })
  const since = later(Math.max(channel.changed_at, site.changed_at) as Instant, -REMEMBERED)
  const deleted = await articles.withdrawnSince(db, filter, since)
  const nextDue = await articles.nextDue(db, filter, now)
  return {
    site,
    channel,
    stories,
    deleted,
    url,
    ...(await logoOf(db, site)),
    ...(nextDue !== undefined && { nextDue }),
  }
}

export async function logoOf(db: Db, site: Site): Promise<{ logo?: Picture }> {
  const logo = site.logo_id === null ? undefined : (await media.pictures(db, [site.logo_id])).get(site.logo_id)
  return logo ? { logo } : {}
}

/** Cleans the bodies one by one, so that the build after it does not hold up everybody else. */
export async function prepare({ channel, stories }: Pick<Input, 'channel' | 'stories'>): Promise<void> {
  if (channel.text !== 'full') return
  for (const story of stories) {
    keep(story.body_html)
    await setImmediate()
  }
}

export function placeOf({ channel, place, url }: Pick<Input, 'channel' | 'place' | 'url'>): Place {
  return (
    place ?? {
      page: channel.slug === 'all' ? `${url}/` : links.channel(url, channel.slug),
      feed: (format) => links.feed(url, channel.slug, format),
    }
  )
}

import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as channels from '../channels.ts'

/**
 * What the documents hold, in numbers: `languages` by tag; dates in ISO 8601, `future` where some lie ahead; images that
 * are `waiting` will be fetched yet; entries `perDay` over the last 30 days, and how many hours those of the feed cover.
 */
export type Figures = {
  entries: number
  size: number
  languages: Record<string, number>
  dates: { newest: string | null; oldest: string | null; future?: number }
  images: { with: number; without: number; waiting: number }
  rate: { perDay: number; covers: number | null }
}

/**
 * What else is worth knowing. `wanted`: the languages that the channel is for, none if it is for all; `lately`: articles
 * of the last 30 days; `idle`: days since the newest.
 */
export type Facts = { wanted: string[]; withoutDescription: number; lately: number; idle: number }

const HOUR = 3_600_000
const DAY = 24 * HOUR
const LATELY = 30 // days

export async function measure(
  app: App,
  channel: channels.Channel,
  stories: Story[],
): Promise<{ figures: Figures; facts: Facts }> {
  const now = instant(app.now())
  const lately = await countSince(app.read, channel, later(now, -LATELY * DAY), now)
  const published = stories.map((story) => story.published_at).sort((a, b) => a - b)
  const [oldest, newest] = [published[0], published.at(-1)]
  const future = stories.filter((story) => Math.max(story.published_at, story.updated_at) > now).length
  const illustrated = stories.filter((story) => story.picture || story.image_url).length
  const languages = Object.fromEntries(
    [...Map.groupBy(stories, (story) => story.language)].map(([tag, own]) => [tag, own.length]),
  )
  const figures: Figures = {
    entries: stories.length,
    size: channel.size,
    languages,
    dates: { newest: iso(newest), oldest: iso(oldest), ...(future > 0 && { future }) },
    images: {
      with: illustrated,
      without: stories.length - illustrated,
      waiting: await waiting(app.read, stories),
    },
    rate: { perDay: rounded(lately / LATELY, 2), covers: oldest === undefined ? null : hours(newest! - oldest) },
  }
  const { language: own } = channel
  const wanted = channels.filterOf(channel).language ?? (own === null ? [] : [own])
  const withoutDescription = stories.filter((story) => !story.excerpt.trim()).length
  const idle = newest === undefined ? 0 : Math.floor((now - newest) / DAY)
  return { figures, facts: { wanted, withoutDescription, lately, idle } }
}

async function countSince(db: Db, channel: channels.Channel, since: Instant, now: Instant): Promise<number> {
  const { n } = await db
    .selectFrom('article')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'bigint').as('n'))
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '>', since)
    .where('article.published_at', '<=', now)
    .where(channels.passing(channels.filterOf(channel)))
    .executeTakeFirstOrThrow()
  return n
}

/** Stories whose picture lies elsewhere and is still to be fetched. */
async function waiting(db: Db, stories: Story[]): Promise<number> {
  const urls = stories.flatMap((story) => (story.image_id === null && story.image_url ? [story.image_url] : []))
  const rows = await db
    .selectFrom('download')
    .select('url')
    .where('url', 'in', urls)
    .where('due_at', 'is not', null)
    .execute()
  const due = new Set(rows.map((row) => row.url))
  return urls.filter((url) => due.has(url)).length
}

function iso(at: Instant | undefined): string | null {
  return at === undefined ? null : moment(at).toString()
}

function hours(milliseconds: number): number {
  return rounded(milliseconds / HOUR, 1)
}

function rounded(number: number, digits: number): number {
  return Number(number.toFixed(digits))
}

import { setImmediate } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as site from '../site.ts'
import { build, formats, type Input } from '../syndication/index.ts'

/** An article that keeps a feed from being built, and why. */
export type Culprit = { article: string; title: string; reason: string }

/** The articles that keep a channel's documents from being built; none if it is something else, or the channel is not there. */
export async function culprits(app: App, slug: string): Promise<Culprit[]> {
  const channel = (await channels.all(app.read)).find((one) => one.slug === slug)
  if (!channel) return []
  const paper = await site.show(app, app.read)
  const empty = { site: paper, channel, stories: [], deleted: [], url: app.config.url }
  return (await oneByOne(app, empty)).culprits
}

/** A channel's stories, read and built each for itself: those that stand, and those that do not. */
export async function oneByOne(app: App, empty: Input): Promise<{ stories: Story[]; culprits: Culprit[] }> {
  const found = { stories: [] as Story[], culprits: [] as Culprit[] }
  for (const { id, public_id, title } of await shown(app.read, empty.channel, app)) {
    await setImmediate() // requests go on meanwhile
    try {
      const [story] = await articles.byIds(app.read, [id])
      if (!story) continue
      for (const format of formats) build({ ...empty, stories: [story] }, format)
      found.stories.push(story)
    } catch (error) {
      found.culprits.push({ article: public_id, title, reason: (error as Error).message })
    }
  }
  return found
}

async function shown(db: Db, channel: channels.Channel, app: App) {
  return db
    .selectFrom('article')
    .select(['article.id', 'article.public_id', 'article.title'])
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '<=', instant(app.now()))
    .where(channels.passing(channels.filterOf(channel)))
    .orderBy('article.published_at', 'desc')
    .orderBy('article.id', 'desc')
    .limit(channel.size)
    .execute()
}

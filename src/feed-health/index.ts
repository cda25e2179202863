import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as feedReaders from '../feed-readers.ts'
import * as site from '../site.ts'
import * as syndication from '../syndication/index.ts'
import { type Culprit, culprits, oneByOne } from './culprits.ts'
import { type Figures, measure } from './figures.ts'
import { type Problem, warnings } from './problems.ts'
import { examine, type LeftOut } from './profile.ts'

export { sentences } from './words.ts'
export { type Culprit, culprits }

/**
 * How a channel's feed fares. `valid`: all three documents can be built, are well-formed, keep the profile and leave no
 * article out; what else is amiss are warnings among the problems. `leftOut` are articles that no reader could take.
 */
export type Health = { channel: string; valid: boolean; problems: Problem[] } & Figures & Rest
type Rest = { leftOut: Culprit[]; readers: number }

/** The health of all channels, or of one; a Problem if there is none of that name. */
export async function health(app: App, slug?: string): Promise<Health[]> {
  const wanted = slug === undefined ? await channels.all(app.read) : [await channels.find(app.read, slug)]
  const all: Health[] = []
  for (const channel of wanted) all.push(await healthOf(app, channel))
  return all
}

type Found = { version: number; at: Instant; health: Health }

const HOUR = 3_600_000 // ms after which what was found is old: a channel may have fallen silent
const found = new WeakMap<App['database'], Map<string, Found>>()

/** What this process found last, within the hour, of a channel that has not changed since; undefined if it did not look. */
export function remembered(app: App, { slug, version }: channels.Channel): Health | undefined {
  const known = found.get(app.database)?.get(slug)
  return known?.version === version && Math.abs(instant(app.now()) - known.at) < HOUR ? known.health : undefined
}

async function healthOf(app: App, channel: channels.Channel): Promise<Health> {
  const health = await lookedAt(app, channel)
  const all = found.get(app.database) ?? new Map<string, Found>()
  found.set(app.database, all.set(channel.slug, { version: channel.version, at: instant(app.now()), health }))
  return health
}

async function lookedAt(app: App, channel: channels.Channel): Promise<Health> {
  const paper = await site.show(app, app.read)
  const { stories, problems, leftOut } = await examined(app, channel, paper)
  const standing = stories.filter((story) => !leftOut.some(({ id }) => id === story.public_id))
  const { figures, facts } = await measure(app, channel, standing)
  const all = [...problems, ...warnings(figures, { ...facts, announced: channel.language ?? paper.language })]
  const [stats] = await feedReaders.stats(app, channel.slug)
  return {
    channel: channel.slug,
    valid: all.every(({ level }) => level === 'warning'),
    problems: all,
    ...figures,
    leftOut: await titled(app.read, leftOut),
    readers: stats!.readers,
  }
}

type Examined = { stories: Story[]; problems: Problem[]; leftOut: LeftOut[] }

/** The documents as they would be built now; where one article stops them all, what stands without it. */
async function examined(app: App, channel: channels.Channel, paper: site.Site): Promise<Examined> {
  const empty = { site: paper, channel, stories: [], deleted: [], url: app.config.url }
  try {
    const input = await syndication.gather(app.read, paper, channel, app.config.url, instant(app.now()))
    await syndication.prepare(input)
    const { problems, leftOut } = examine(input)
    const unbuilt = problems.filter(({ code }) => code === 'unbuildable')
    const articles = unbuilt.length > 0 ? (await oneByOne(app, empty)).culprits : []
    for (const problem of unbuilt) problem['articles'] = articles
    if (leftOut.length > 0) problems.push({ code: 'left-out', level: 'error', n: leftOut.length })
    return { stories: input.stories, problems, leftOut }
  } catch (error) {
    const { stories, culprits: articles } = await oneByOne(app, empty)
    const reason = (error as Error).message
    return {
      stories,
      problems: [{ code: 'unbuildable', level: 'error', format: 'rss, atom, json', reason, articles }],
      leftOut: [],
    }
  }
}

async function titled(db: Db, leftOut: LeftOut[]): Promise<Culprit[]> {
  const ids = [...new Set(leftOut.map(({ id }) => id))]
  const rows = await db.selectFrom('article').select(['public_id', 'title']).where('public_id', 'in', ids).execute()
  const titles = new Map(rows.map((row) => [row.public_id, row.title]))
  return leftOut.map(({ id, reason }) => ({ article: id, title: titles.get(id) ?? '', reason }))
}

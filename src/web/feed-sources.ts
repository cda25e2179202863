import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as channels from '../channels.ts'
import * as digests from '../digests/index.ts'
import type { Facet, Search } from '../facets.ts'
import * as facets from '../facets.ts'
import * as links from '../links.ts'
import * as site from '../site.ts'
import * as syndication from '../syndication/index.ts'
import * as assets from './assets.ts'
import { inputOf } from './feed-inputs.ts'
import type { Paper } from './feed-paper.ts'
import type { Target } from './feed-paths.ts'
import type { Room } from './feed-store.ts'

/** Something that has a document: where it lies, how to tell whether one is still right, and how to make one. */
export type Source = {
  path: string
  /** Changes when the document has to be built again, and only then. */
  mark(): Promise<string>
  build(): Promise<{ document: syndication.Document; mark: string }>
  /** Whether its moment of change is kept in a row; else it is read off what it holds. */
  kept: boolean
  room: Room
}

const EDITIONS = 50

/** What the address stands for, as the database has it; null if there is no such thing. */
export async function sourceOf(app: App, paper: Paper, target: Target): Promise<Source | null> {
  if (target.kind === 'channel') return channelSource(app, paper, target)
  if (target.kind === 'editions') return editionsSource(app, target)
  const facet =
    target.kind === 'search'
      ? facets.searchFor(target.text)
      : await facets.find(app.read, target.kind, target.text, instant(app.now()))
  return facet ? facetSource(app, paper, facet, target.format) : null
}

function channelSource(app: App, paper: Paper, target: Target & { kind: 'channel' }): Source | null {
  const channel = paper.channels.get(target.slug)
  if (!channel) return null
  const markOf = ({ version }: channels.Channel, { changed_at }: site.Site) => `${version} ${changed_at}`
  return {
    path: target.path,
    kept: true,
    room: 'own',
    mark: async () => markOf(channel, paper.site),
    async build() {
      const input = await inputOf(app, target.slug, paper.version, () =>
        snapshot(app, async (db, shown) =>
          syndication.gather(db, shown, await channels.find(db, target.slug), app.config.url, instant(app.now())),
        ),
      )
      return { document: await written(input, target.format), mark: markOf(input.channel, input.site) }
    },
  }
}

function facetSource(app: App, { site }: Paper, facet: Facet | Search, format: syndication.Format): Source {
  const path =
    facet.kind === 'search'
      ? links.searchFeed('', facet.name, format)
      : links.facetFeed('', facet.kind, facet.address, format)
  const now = () => instant(app.now())
  return {
    path,
    kept: false,
    room: 'common',
    mark: () => syndication.markOfFacet(app.read, site, facet, now()),
    async build() {
      const { input, mark } = await snapshot(app, async (db, shown) => {
        const everything = await channels.find(db, 'all')
        return syndication.gatherFacet(db, shown, { facet, everything, url: app.config.url, now: now() })
      })
      return { document: await written(input, format), mark }
    },
  }
}

async function editionsSource(
  app: App,
  { digest, format, path }: Target & { kind: 'editions' },
): Promise<Source | null> {
  const read = async (db: Db, shown: site.Site) => {
    const stream = await digests.stream(db, digest, EDITIONS)
    return stream && { site: shown, stream }
  }
  const known = await read(app.read, await site.show(app, app.read))
  if (!known) return null
  return {
    path,
    kept: false,
    room: 'own',
    mark: async () => syndication.markOfEditions(known),
    async build() {
      const input = await snapshot(app, async (db, shown) => {
        const now = await read(db, shown)
        const everything = await channels.find(db, 'all')
        return { ...now!, everything, ...(await syndication.logoOf(db, shown)) }
      })
      const { language } = input.stream.list
      const stylesheet = assets.feedStyle(language)
      const whole = { ...input, changedAt: digests.changedAt(input.stream), url: app.config.url, stylesheet }
      return { document: syndication.buildEditions(whole, format), mark: syndication.markOfEditions(input) }
    },
  }
}

/** One moment's paper, channels and articles, or what a document says it was made from would be a lie. */
function snapshot<T>(app: App, read: (db: Db, shown: site.Site) => Promise<T>): Promise<T> {
  return app.read
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (db) => read(db, await site.show(app, db)))
}

async function written(input: syndication.Input, format: syndication.Format): Promise<syndication.Document> {
  await syndication.prepare(input)
  const stylesheet = assets.feedStyle(input.channel.language ?? input.site.language)
  return syndication.build({ ...input, stylesheet }, format)
}

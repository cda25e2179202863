import type { Instant } from '../db/instant.ts'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as intake from '../src/intake/index.ts'
import type { Item } from '../src/reading/index.ts'
import * as site from '../src/site.ts'
import type * as sources from '../src/sources/index.ts'
import * as syndication from '../src/syndication/index.ts'
import type { World } from './world.ts'

/** What a source's item is unless a test says otherwise: told an hour ago, under its own address and title. */
export function item(name: string, more: Partial<Omit<Item, 'published_at'>> & { at?: string | null } = {}): Item {
  const { at = '2026-11-23T08:00:00Z', ...rest } = more
  return {
    guid: `https://partner.example/?p=${name}`,
    link: `https://partner.example/stories/${name}`,
    title: `خبر من الشريك رقم ${name}`,
    html: `<p>نص الخبر ${name}</p>`,
    authors: [],
    tags: [],
    ...(at !== null && { published_at: Date.parse(at) as Instant }),
    ...rest,
  }
}

/** A source that nobody polls: what it brings is handed in. */
export async function source(world: World, name: string, settings: sources.Settings = {}): Promise<sources.Source> {
  const at = instant(world.now())
  const url = `https://${name}.example/feed`
  return world.db
    .insertInto('source')
    .values({ title: name, language: 'ar', ...settings, url, host: `${name}.example`, created_at: at })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Hands a source's document in. */
export async function bring(
  world: World,
  from: sources.Source,
  items: Item[],
  more: Partial<intake.Brought> = {},
): Promise<intake.Taken> {
  return intake.take(world, 'job', from, { items, deleted: [], first: false, window: true, ...more })
}

/** The one article of this guid. */
export async function only(world: World, guid: string): Promise<articles.Story> {
  const row = await world.db.selectFrom('article').select('id').where('guid', '=', guid).executeTakeFirstOrThrow()
  return (await articles.byIds(world.db, [row.id]))[0]!
}

/** A channel's three documents as they would be served. */
export async function documents(
  world: World,
  slug: string,
): Promise<(syndication.Document & { format: syndication.Format })[]> {
  const paper = await site.show(world, world.db)
  const channel = await channels.find(world.db, slug)
  const input = await syndication.gather(world.db, paper, channel, world.config.url, instant(world.now()))
  return syndication.formats.map((format) => ({ format, ...syndication.build(input, format) }))
}

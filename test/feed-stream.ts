import { expect, vi } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import { at } from './feed-input.ts'
import { publishAll } from './feed-server.ts'
import { type databases, openWorld, type World } from './world.ts'
import { childrenOf, type Element, textOf } from './xml.ts'

export const NOW = '2026-11-23T04:10:00Z'

export const SEEN = { timeout: 5000, interval: 20 }

export const BASE = 'https://news.example'

/** A month of short articles, a minute apart. */
export async function openMonth(kind: (typeof databases)[number], n: number, tags: string[] = []): Promise<World> {
  const world = await openWorld(kind, NOW)
  await publishAll(
    world,
    Array.from({ length: n }, (_, index) => ({
      guid: `g${index}`,
      tags,
      published_at: (at('2026-11-20T00:00:00Z') + index * 60_000) as never,
    })),
  )
  return world
}

export function withdraw(world: World, guid: string): Promise<unknown> {
  return world.db.transaction().execute((db) => articles.withdraw(db, 'cli', guid, 'كان خطأ', instant(world.now())))
}

export async function settled(world: World): Promise<void> {
  if (world.database.kind === 'sqlite') return
  const { version } = await world.read.selectFrom('site').select('version').executeTakeFirstOrThrow()
  await vi.waitFor(() => expect(world.database.version()).toBe(version), SEEN)
}

export function linksOf(feed: Element): string[] {
  return childrenOf(feed, 'link').map((link) => `${link.attributes['rel']} ${link.attributes['href']}`)
}

export function titlesOf(feed: Element): string[] {
  return childrenOf(feed, 'entry').map((entry) => textOf(entry, 'title')!)
}

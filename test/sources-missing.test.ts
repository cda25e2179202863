import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as sources from '../src/sources/index.ts'
import { feedOf } from './feed-of.ts'
import { openPartner } from './partner.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

const NOW = '2026-11-25T12:00:00Z'

describe.each(databases)('a story that leaves its feed, on %s', (kind) => {
  test('is withdrawn once its page is gone, also the newest, and where nothing else changes afterwards', async () => {
    await using partner = await openPaper(['d', 'c', 'b', 'a'])
    await using world = await reading(kind, partner)
    partner.stories.delete('d')
    partner.pages.delete('d')
    await poll(world)
    expect(await shown(world), 'missing once').toEqual(['a', 'b', 'c', 'd'])
    await poll(world)
    expect(await shown(world)).toEqual(['a', 'b', 'c'])
    expect(await poll(world), 'nothing is left to be found out').toMatchObject({ status: 'notmodified' })
  })

  test('stays where its page does, and the feed is asked for changes again', async () => {
    await using partner = await openPaper(['d', 'c', 'b', 'a'])
    await using world = await reading(kind, partner)
    partner.stories.delete('d')
    for (const status of ['ok', 'ok', 'notmodified']) expect(await poll(world)).toMatchObject({ status })
    expect(await shown(world)).toEqual(['a', 'b', 'c', 'd'])
    expect(partner.asked.filter(({ method }) => method === 'HEAD')).toHaveLength(1)
  })

  test('is found also among many that leave together, a few at each poll', async () => {
    const guids = Array.from({ length: 20 }, (_, n) => String.fromCharCode(116 - n))
    await using partner = await openPaper(guids)
    await using world = await reading(kind, partner)
    for (const guid of guids.slice(2, 14)) {
      partner.stories.delete(guid)
      partner.pages.delete(guid)
    }
    for (let polls = 0; polls < 4; polls++) await poll(world)
    expect(await shown(world)).toHaveLength(8)
    expect(await poll(world)).toMatchObject({ status: 'notmodified' })
  })
})

/** A paper whose feed has these stories, the first the newest, with an ETag, and a page for each. */
async function openPaper(guids: string[]) {
  const stories = new Set(guids)
  const pages = new Set(guids)
  const partner = await openPartner((request, response) => {
    if (request.url !== '/feed') return void response.writeHead(pages.has(request.url!.slice(1)) ? 200 : 404).end()
    const items = [...stories].map((guid) => ({ guid, at: hoursAgo(guids.indexOf(guid) + 1), link: `/${guid}` }))
    const body = feedOf(items)
    const etag = `"${createHash('sha256').update(body).digest('hex')}"`
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
    response.writeHead(200, { ETag: etag }).end(body)
  })
  return { ...partner, stories, pages }
}

function hoursAgo(hours: number): string {
  return new Date(Date.parse(NOW) - hours * 3_600_000).toISOString()
}

async function reading(kind: Kind, { url, place }: { url: string; place: string }): Promise<World> {
  const world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: place })
  await sources.add(world, 'cli', `${url}/feed`, {})
  await poll(world)
  return world
}

async function poll(world: World) {
  world.clock.advance({ minutes: 10 })
  return sources.poll(world, 'cli', await sources.find(world.db, 1))
}

async function shown(world: World): Promise<string[]> {
  const rows = await world.db
    .selectFrom('article')
    .select('guid')
    .where('source_id', '=', 1)
    .where('withdrawn_at', 'is', null)
    .orderBy('guid')
    .execute()
  return rows.map(({ guid }) => guid)
}

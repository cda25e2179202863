import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import * as sources from '../src/sources/index.ts'
import { health } from '../src/web/health.ts'
import { feedOf } from './feed-of.ts'
import { openPartner, type Partner } from './partner.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-25T12:00:00Z'
const STORIES = feedOf([{ guid: 'a', at: '2026-11-25T10:00:00Z' }])

/** Sites that count how many of their requests are open at once, of one and of all; each answers after a while. */
async function openSites(n: number, after: (site: number) => number, body = STORIES) {
  const open = { now: 0, most: 0, ofOne: 0 }
  const sites: Partner[] = []
  for (let site = 0; site < n; site++) {
    let mine = 0
    sites.push(
      await openPartner((_, response: ServerResponse) => {
        open.most = Math.max(open.most, ++open.now)
        open.ofOne = Math.max(open.ofOne, ++mine)
        response.on('close', () => {
          open.now--
          mine--
        })
        setTimeout(() => response.end(body), after(site)).unref()
      }),
    )
  }
  const places = sites.map(({ place }) => place).join(' ')
  const close = async () => {
    for (const site of sites) await site[Symbol.asyncDispose]()
  }
  return { sites, open, places, [Symbol.asyncDispose]: close }
}

async function round(world: World, signal = new AbortController().signal): Promise<number[]> {
  const polled: number[] = []
  await sources.pollDue(world, 'job', { signal, onPolled: ({ id }) => polled.push(id) })
  return polled
}

describe.each(databases)('a round on %s', (kind) => {
  test('asks several at once, but no more than eight, and one of a host, each source once', async () => {
    await using many = await openSites(12, () => 60)
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    for (const { url } of many.sites)
      for (const path of ['feed', 'rss', 'atom']) await sources.add(world, 'cli', `${url}/${path}`, {})
    const polled = await round(world)
    expect(polled.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, n) => n + 1))
    expect(many.open).toEqual({ now: 0, most: expect.toSatisfy((n: number) => n > 4 && n <= 8), ofOne: 1 })
    expect(await round(world)).toEqual([])
    expect(await world.db.selectFrom('source_host').selectAll().execute()).toEqual([])
  })

  test('lets hosts take turns: one with many sources is not in the way of the others', async () => {
    await using many = await openSites(9, () => 5)
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    const [large, ...small] = many.sites
    for (let n = 0; n < 30; n++) await sources.add(world, 'cli', `${large!.url}/${n}/feed`, {})
    world.clock.advance({ seconds: 1 })
    for (const { url } of small) await sources.add(world, 'cli', `${url}/feed`, {})
    const polled = await round(world)
    expect(polled).toHaveLength(38)
    expect(Math.max(...small.map((_, n) => polled.indexOf(31 + n)))).toBeLessThan(20)
    const first = await world.db
      .selectFrom('source')
      .select('id')
      .where('host', '=', large!.place)
      .orderBy('id')
      .execute()
    expect(polled.filter((id) => id <= 30)).toEqual(first.map(({ id }) => id)) // oldest due first
  })

  test('goes on beside a host that hangs', async () => {
    await using many = await openSites(20, (site) => (site < 3 ? 60_000 : 1))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    for (const { url } of many.sites) await sources.add(world, 'cli', `${url}/feed`, {})
    const stop = new AbortController()
    const all = round(world, stop.signal)
    await expect.poll(async () => (await read(world)).length, { timeout: 10_000 }).toBe(17)
    stop.abort()
    expect(await all).toHaveLength(20)
    expect(await read(world)).toHaveLength(17)
  })

  test('leaves half of its lanes to those that did not fail the last time', async () => {
    await using many = await openSites(20, (site) => (site < 12 ? 60_000 : 1))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    for (const { url } of many.sites) await sources.add(world, 'cli', `${url}/feed`, {})
    await world.db.updateTable('source').set({ failures: 3 }).where('id', '<=', 12).execute()
    const stop = new AbortController()
    const all = round(world, stop.signal)
    await expect.poll(async () => (await read(world)).length, { timeout: 10_000 }).toBe(8)
    stop.abort()
    await all
    expect(many.open.most).toBeLessThanOrEqual(8)
  })

  test('takes what becomes due while it goes', async () => {
    await using many = await openSites(2, (site) => (site === 0 ? 7000 : 1))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    const [slow, quick] = many.sites
    await sources.add(world, 'cli', `${slow!.url}/feed`, {})
    const polled = round(world)
    const again = round(world) // the same round: it is not started twice
    await sleep(200)
    await sources.add(world, 'cli', `${quick!.url}/feed`, {})
    expect((await polled).toSorted()).toEqual([1, 2])
    expect(await again).toEqual([])
  })

  test('of two processes asks no source twice and no host at once', async () => {
    await using many = await openSites(6, () => 30)
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    await using other = await world.again()
    for (const { url } of many.sites)
      for (let n = 0; n < 5; n++) await sources.add(world, 'cli', `${url}/${n}/feed`, {})
    const asked = (await Promise.all([round(world), round(other)])).flat() // what the other holds is waited for: none is left due
    expect(asked.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
    expect(many.open.ofOne).toBe(1)
    expect(many.sites.map((site) => site.asked.length)).toEqual([5, 5, 5, 5, 5, 5])
  })

  test('leaves a host to whoever holds it, until the lease of a killed process has run out', async () => {
    await using many = await openSites(1, () => 1)
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    await sources.add(world, 'cli', `${many.sites[0]!.url}/feed`, {})
    const lease = { host: many.sites[0]!.place, holder: 'killed', held_until: later(instant(world.now()), 60_000) }
    await world.db.insertInto('source_host').values(lease).execute()
    await sources.pollDue(world, 'cli', { signal: AbortSignal.timeout(1500) })
    expect(many.sites[0]!.asked).toEqual([])
    world.clock.advance({ seconds: 61 })
    expect(await round(world)).toEqual([1])
  })

  test('waits for the host that a redirect leads to, and holds that one', async () => {
    await using many = await openSites(1, () => 50)
    const [target] = many.sites
    const doors: Partner[] = []
    for (let n = 0; n < 5; n++)
      doors.push(
        await openPartner((_, response) => void response.writeHead(302, { Location: `${target!.url}/${n}` }).end()),
      )
    const places = [many.places, ...doors.map(({ place }) => place)].join(' ')
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: places })
    for (const { url } of doors) await sources.add(world, 'cli', `${url}/feed`, {})
    expect(await round(world)).toHaveLength(5)
    expect(await read(world)).toHaveLength(5)
    expect(many.open.ofOne).toBe(1)
    for (const door of doors) await door[Symbol.asyncDispose]()
  })

  test('ends soon when it is told to, and loses nothing', async () => {
    await using many = await openSites(10, () => 60_000)
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: many.places })
    for (const { url } of many.sites) await sources.add(world, 'cli', `${url}/feed`, {})
    const before = await sources.all(world.db)
    const began = performance.now()
    await round(world, AbortSignal.timeout(300))
    expect(performance.now() - began).toBeLessThan(3000)
    expect(await sources.all(world.db)).toEqual(before)
    expect(await world.db.selectFrom('source_host').selectAll().execute()).toEqual([])
  })

  test('that goes wrong for a day is told by the health check, without addresses', async () => {
    await using world = await openWorld(kind, NOW)
    await sources.add(world, 'cli', 'http://127.0.0.1:1/feed?token=secret', {})
    await round(world)
    expect((await health(world)).checks['sources']).toEqual({ status: 'ok' })
    world.clock.advance({ hours: 25 })
    await round(world)
    expect((await health(world)).checks['sources']).toEqual({
      status: 'degraded',
      detail: '1 of 1 cannot be read for more than a day: 127.0.0.1:1',
    })
    await sources.pause(world, 'cli', 1)
    expect((await health(world)).checks['sources']).toEqual({ status: 'ok' })
  })
})

async function read(world: World): Promise<sources.Source[]> {
  return (await sources.all(world.db)).filter((source) => source.read_at !== null)
}

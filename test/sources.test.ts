import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as intake from '../src/intake/index.ts'
import * as sources from '../src/sources/index.ts'
import { encode } from './encode.ts'
import { feedOf } from './feed-of.ts'
import { mailing } from './mailing.ts'
import { openPartner } from './partner.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-25T12:00:00Z'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const STORIES = feedOf([
  { guid: 'a', at: '2026-11-25T10:00:00Z' },
  { guid: 'b', at: '2026-11-24T10:00:00Z' },
])

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A partner whose answers are given one after another, the last one again and again. */
async function partnerOf(...answers: Answer[]) {
  let turn = 0
  return openPartner((request, response) => answers[Math.min(turn++, answers.length - 1)]!(request, response))
}

function says(status: number, headers: Record<string, string> = {}, body = ''): Answer {
  return (_, response) => void response.writeHead(status, headers).end(body)
}

async function row(world: World, id: number): Promise<sources.Source> {
  return sources.find(world.db, id)
}

/** How long until a source is due, in ms. */
async function wait(world: World, id: number): Promise<number> {
  return (await row(world, id)).due_at! - instant(world.now())
}

describe.each(databases)('a source on %s', (kind) => {
  test('is asked with the validators that came, byte for byte, and 304 costs nothing', async () => {
    const etag = 'W/no quotes é\u0081~'
    await using partner = await partnerOf(
      says(200, { ETag: etag, 'Last-Modified': 'yesterday, around noon' }, STORIES),
      says(304),
    )
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    expect(await sources.poll(world, 'cli', source)).toEqual({ status: 'ok' })
    expect(await row(world, source.id)).toMatchObject({
      title: 'شريك',
      read_at: Date.parse(NOW),
      fresh_at: Date.parse(NOW),
    })
    world.clock.advance({ hours: 1 })
    expect(await sources.poll(world, 'cli', source)).toEqual({ status: 'notmodified' })
    expect(partner.asked[0]!.headers).not.toHaveProperty('if-none-match')
    expect(partner.asked[1]!.headers).toMatchObject({
      'if-none-match': etag,
      'if-modified-since': 'yesterday, around noon',
    })
    expect(await row(world, source.id)).toMatchObject({
      read_at: Date.parse(NOW) + HOUR,
      fresh_at: Date.parse(NOW),
      failures: 0,
    })
    expect(await intake.stored(world.db, source)).toHaveLength(2)
  })

  test('takes its name from its feed anew when its charset is set, unless an editor has named it', async () => {
    const feed = encode('<rss version="2.0"><channel><title>عكاظ</title></channel></rss>', 'windows-1256')
    const type = { 'Content-Type': 'text/xml; charset=iso-8859-6' }
    await using partner = await openPartner((_, response) => void response.writeHead(200, type).end(feed))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    async function read(id: number): Promise<string> {
      await sources.poll(world, 'cli', await row(world, id))
      return (await row(world, id)).title
    }
    const { id } = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    expect(await read(id)).not.toBe('عكاظ')
    await sources.set(world, 'cli', id, { charset: 'windows-1256' })
    expect(await read(id)).toBe('عكاظ')
    await sources.set(world, 'cli', id, { charset: 'windows-1256' })
    expect(await row(world, id)).toMatchObject({ title: 'عكاظ' })
    await sources.set(world, 'cli', id, { title: 'صحيفة' })
    await sources.set(world, 'cli', id, { charset: 'iso-8859-6' })
    expect(await read(id)).toBe('صحيفة')
    await sources.set(world, 'cli', id, { charset: 'windows-1256', title: 'أخرى' })
    expect(await read(id)).toBe('أخرى')
    await sources.set(world, 'cli', id, { title: '' })
    expect(await read(id)).toBe('عكاظ')
    const named = await sources.add(world, 'cli', `${partner.url}/2/feed`, { title: 'شريك' })
    expect(await read(named.id)).toBe('شريك')
    await sources.set(world, 'cli', named.id, { charset: 'windows-1256' })
    expect(await read(named.id)).toBe('شريك')
  })

  test('whose document cannot be read keeps the validators of the last that could', async () => {
    await using partner = await partnerOf(
      says(200, { ETag: '"good"' }, STORIES),
      says(200, { ETag: '"broken"' }, '<rss><channel><item>'),
      says(200, { ETag: '"page"' }, '<!DOCTYPE html><title>Sorry</title>'),
      says(200, { ETag: '"better"' }, STORIES),
    )
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    await sources.poll(world, 'cli', source)
    expect(await sources.poll(world, 'cli', source)).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/\w/),
    })
    expect(await sources.poll(world, 'cli', source)).toEqual({
      status: 'error',
      error: 'it is a web page («Sorry»), not a feed',
    })
    expect(await row(world, source.id)).toMatchObject({ etag: '"good"', failures: 2 })
    await sources.poll(world, 'cli', source)
    expect(partner.asked[3]!.headers['if-none-match']).toBe('"good"')
    expect(await row(world, source.id)).toMatchObject({ etag: '"better"', failures: 0, error: null })
  })

  test.each([
    [404, 'error', 'there is nothing at this address (404)'],
    [403, 'error', 'it does not let us in (403)'],
    [401, 'error', 'it wants a user and a password (401)'],
    [500, 'error', 'its server has a fault (500)'],
    [204, 'error', 'it answers with the status 204'],
    [304, 'error', 'it says that nothing has changed although we have nothing of it yet (304)'],
    [429, 'backoff', 'it asks us to come less often (429)'],
    [503, 'backoff', 'it is out of service for now (503)'],
  ])('that answers %i says so in words', async (status, word, error) => {
    await using partner = await partnerOf(says(status))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    expect(await sources.poll(world, 'cli', source)).toMatchObject({ status: word, error })
    expect(await row(world, source.id)).toMatchObject({ failures: 1, error, read_at: null, polled_at: Date.parse(NOW) })
  })

  test('that fails is asked again soon, then twice as late each time, up to a day', async () => {
    await using partner = await partnerOf(says(500))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    const waits = []
    for (let turn = 0; turn < 12; turn++) {
      await sources.poll(world, 'cli', source)
      waits.push(await wait(world, source.id))
    }
    const least = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440].map((minutes) => minutes * MINUTE)
    for (const [turn, pause] of waits.entries()) {
      expect(pause).toBeGreaterThanOrEqual(least[turn]!)
      expect(pause).toBeLessThanOrEqual(least[turn]! * 1.1 + 1)
    }
  })

  test.each([
    ['seconds', '1800', 1800],
    ['a date', 'Wed, 25 Nov 2026 12:30:00 GMT', 1800],
    ['a year', '31536000', 7 * 86_400],
    ['the past', 'Fri, 31 Dec 1999 23:59:59 GMT', 300],
    ['nothing that is a time', 'soon', 300],
    ['a negative number', '-100', 300],
  ])('that asks to be left alone by %s is', async (_, header, seconds) => {
    await using partner = await partnerOf(says(503, { 'Retry-After': header }))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    expect(await sources.poll(world, 'cli', source)).toMatchObject({ status: 'backoff', retryAfter: seconds })
    expect(await wait(world, source.id)).toBeGreaterThanOrEqual(seconds * 1000)
    expect(await wait(world, source.id)).toBeLessThanOrEqual(seconds * 1100)
  })

  test('has its interval from how often it brings something, and no shorter one than it asks for', async () => {
    const often = feedOf(
      Array.from({ length: 40 }, (_, n) => ({
        guid: `o${n}`,
        at: new Date(Date.parse(NOW) - n * 600_000).toISOString(),
      })),
    )
    const seldom = feedOf([{ guid: 's', at: '2026-11-01T00:00:00Z' }])
    await using partner = await openPartner((request, response) => {
      const headers: Record<string, Record<string, string>> = {
        '/age/feed': { 'Cache-Control': 'public, max-age="3600"', Age: '600' },
        '/expires/feed': { Expires: 'Wed, 25 Nov 2026 13:00:00 GMT', Date: 'Wed, 25 Nov 2026 12:00:00 GMT' },
        '/never/feed': { 'Cache-Control': 'max-age=99999999999' },
        '/uncached/feed': { 'Cache-Control': 'no-cache, max-age=3600' },
      }
      response.writeHead(200, headers[request.url!] ?? {}).end(request.url === '/seldom/feed' ? seldom : often)
    })
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    for (const [path, least] of [
      ['often', 5 * MINUTE],
      ['uncached', 5 * MINUTE],
      ['age', 50 * MINUTE],
      ['expires', HOUR],
      ['never', DAY],
      ['seldom', 20 * HOUR],
    ] as const) {
      const source = await sources.add(world, 'cli', `${partner.url}/${path}/feed`, {})
      await sources.poll(world, 'cli', source)
      const pause = await wait(world, source.id)
      expect({
        path,
        pause,
        early: pause < least,
        late: pause > Math.max(least * 1.11, path === 'seldom' ? 27 * HOUR : 0),
      }).toMatchObject({
        early: false,
        late: false,
      })
    }
  })

  test('that has moved for good is read there from then on', async () => {
    await using partner = await openPartner((request, response) => {
      const places: Record<string, [number, string]> = { '/feed': [301, '/b'], '/b': [308, '/new/feed'] }
      const [status, location] = places[request.url!] ?? [200, '']
      response.writeHead(status, location ? { Location: location } : { ETag: '"1"' }).end(location ? '' : STORIES)
    })
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    expect(await sources.poll(world, 'cli', source)).toEqual({ status: 'ok', newUrl: `${partner.url}/new/feed` })
    expect(await row(world, source.id)).toMatchObject({ url: `${partner.url}/new/feed`, etag: '"1"' })
    await sources.poll(world, 'cli', source)
    expect(partner.asked.map(({ url }) => url)).toEqual(['/feed', '/b', '/new/feed', '/new/feed'])
    const moves = await world.db
      .selectFrom('change')
      .select(['verb', 'before'])
      .where('verb', '=', 'source.move')
      .execute()
    expect(moves).toEqual([{ verb: 'source.move', before: JSON.stringify({ url: `${partner.url}/feed` }) }])
  })

  test('stays where it is when the move is not for good, leads to no feed, or to another source', async () => {
    await using partner = await openPartner((request, response) => {
      const places: Record<string, [number, string]> = {
        '/now/feed': [302, '/moved'],
        '/moved': [301, '/target/feed'],
        '/half/feed': [301, '/half-way'],
        '/half-way': [307, '/target/feed'],
        '/page/feed': [301, '/login'],
        '/taken/feed': [301, '/target/feed'],
        '/circle/feed': [301, '/round'],
        '/round': [301, '/circle/feed'],
        '/itself/feed': [301, '/itself/feed'],
      }
      const [status, location] = places[request.url!] ?? [200, '']
      response.writeHead(status, location ? { Location: location } : {})
      response.end(location ? '' : request.url === '/login' ? '<!doctype html><title>x</title>' : STORIES)
    })
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    await sources.add(world, 'cli', `${partner.url}/target/feed`, {})
    for (const [path, status, url] of [
      ['/now/feed', 'ok', '/now/feed'],
      ['/half/feed', 'ok', '/half-way'],
      ['/page/feed', 'error', '/page/feed'],
      ['/taken/feed', 'ok', '/taken/feed'],
      ['/circle/feed', 'error', '/circle/feed'],
      ['/itself/feed', 'error', '/itself/feed'],
    ]) {
      const source = await sources.add(world, 'cli', partner.url + path, {})
      expect(await sources.poll(world, 'cli', source)).toMatchObject({ status })
      const now = await row(world, source.id)
      expect(now.url).toBe(partner.url + url)
      if (path === '/taken/feed')
        expect((await sources.shown(world.db, now)).moved).toMatch(/which is source 1 already/)
    }
  })

  test('that is gone is asked no more until it is resumed', async () => {
    await using partner = await partnerOf(says(410), says(410), says(200, {}, STORIES))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    expect(await sources.poll(world, 'cli', source)).toMatchObject({ status: 'gone' })
    expect(await row(world, source.id)).toMatchObject({ due_at: null, ended_at: Date.parse(NOW) })
    world.clock.advance({ hours: 1000 })
    await round(world)
    expect(partner.asked).toHaveLength(1)
    expect(await sources.poll(world, 'cli', source)).toMatchObject({ status: 'gone' }) // by its number always
    await sources.resume(world, 'cli', source.id)
    expect(await round(world)).toMatchObject([{ status: 'ok' }])
    const verbs = await world.db
      .selectFrom('change')
      .select('verb')
      .where('subject', '=', `source:${source.id}`)
      .orderBy('id')
      .execute()
    expect(verbs.map(({ verb }) => verb)).toEqual(['source.add', 'source.end', 'source.resume'])
  })

  test('that is paused is not due, and is not woken by being asked by its number', async () => {
    await using partner = await partnerOf(says(200, {}, STORIES))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    await sources.pause(world, 'cli', source.id)
    expect(await round(world)).toEqual([])
    expect(await sources.poll(world, 'cli', source)).toEqual({ status: 'ok' })
    expect(await row(world, source.id)).toMatchObject({ due_at: null, paused_at: Date.parse(NOW) })
  })

  test('says for how many readers it is asked', async () => {
    await using partner = await partnerOf(says(200, {}, STORIES))
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    await sources.poll(world, 'cli', source)
    const { readers } = await mailing(world, 4)
    await world.db
      .updateTable('subscription')
      .set({ state: 'left' })
      .where('id', '=', readers[0]!.subscription_id)
      .execute()
    await sources.poll(world, 'cli', source)
    world.clock.advance({ hours: 2 })
    await sources.poll(world, 'cli', source)
    expect(partner.asked.map(({ headers }) => headers['user-agent'])).toEqual([
      expect.stringMatching(/^Nashra\/[\d.]+ \(\+https:\/\/news\.example\)$/),
      expect.stringMatching(/example\)$/), // counted once an hour
      expect.stringMatching(/^Nashra\/[\d.]+ \(\+https:\/\/news\.example; 3 subscribers\)$/),
    ])
  })

  test('that is stopped in the middle is as it was', async () => {
    await using partner = await openPartner(() => {})
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: partner.place })
    const source = await sources.add(world, 'cli', `${partner.url}/feed`, {})
    const before = await row(world, source.id)
    expect(await sources.poll(world, 'cli', source, AbortSignal.timeout(100))).toMatchObject({ status: 'error' })
    expect(await row(world, source.id)).toEqual(before)
    expect(await world.db.selectFrom('source_host').selectAll().execute()).toEqual([])
  })
})

async function round(world: World): Promise<sources.Polled[]> {
  const polled: sources.Polled[] = []
  await sources.pollDue(world, 'job', { signal: new AbortController().signal, onPolled: (_, one) => polled.push(one) })
  return polled
}

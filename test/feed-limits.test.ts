import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openPollers } from '../src/web/feed-pollers.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const PROXY = { NASHRA_TRUST_PROXY: '127.0.0.1' }
const BURST = 60

type Server = Awaited<ReturnType<typeof serveFeeds>>

/** The clock that limits are measured with, standing still until it is moved. */
let clock: number

beforeEach(() => {
  clock = 5_000
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
})
afterEach(() => void vi.restoreAllMocks())

const from = (address: string, agent = 'newsboat/2', more: Record<string, string> = {}) => ({
  'X-Forwarded-For': address,
  'User-Agent': agent,
  ...more,
})

async function openPaper(environment: Record<string, string> = PROXY): Promise<World> {
  const world = await openWorld('sqlite', NOW, environment)
  await publishAll(world, [{ guid: 'واحد' }])
  return world
}

async function statuses(server: Server, n: number, headers: Record<string, string>, path = '/feeds/all.rss') {
  const found: number[] = []
  for (let k = 0; k < n; k++) found.push((await server.ask(path, headers)).status)
  return found
}

describe.each(['parser', 'lane'] as const)('a client that asks too often, read by the %s,', (way) => {
  test('may ask sixty times at once, is then told when to come back, and may come back then', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    expect(await statuses(server, BURST, from('203.0.113.5'))).toEqual(Array(BURST).fill(200))
    clock += 3_500
    const refused = await server.ask('/feeds/all.rss', from('203.0.113.5'))
    expect(refused.status).toBe(429)
    expect(refused.headers).toMatchObject({
      'retry-after': '7',
      'cache-control': 'no-store',
      'content-type': 'text/plain; charset=utf-8',
    })
    expect(await statuses(server, 20, from('203.0.113.5'))).toEqual(Array(20).fill(429)) // costs nothing
    clock += 6_400
    expect(await statuses(server, 1, from('203.0.113.5'))).toEqual([429])
    clock += 100 // ten seconds since the last that was answered
    expect(await statuses(server, 2, from('203.0.113.5'))).toEqual([200, 429])
    clock += 3_600_000
    expect((await statuses(server, BURST + 1, from('203.0.113.5'))).slice(-2)).toEqual([200, 429])
  })

  test('is told so for HEAD and for what it has already, which cost one each', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    const etag = (await server.ask('/feeds/all.rss')).headers.etag!
    const conditional = from('203.0.113.5', 'newsboat/2', { 'If-None-Match': etag })
    expect(await statuses(server, BURST, conditional)).toEqual(Array(BURST).fill(304))
    expect(await statuses(server, 1, conditional)).toEqual([429])
    expect((await server.ask('/feeds/all.rss', conditional, 'HEAD')).status).toBe(429)
    expect((await server.ask('/feeds/all.rss?bust=1', conditional)).status).toBe(429)
  })

  test('costs nobody else anything: another address, program, document or claim has its own', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    await statuses(server, BURST, from('203.0.113.5'))
    expect(await statuses(server, 1, from('203.0.113.5'))).toEqual([429])
    expect(await statuses(server, 1, from('203.0.113.5', 'newsboat/3'))).toEqual([200])
    expect(await statuses(server, 1, from('203.0.113.6'))).toEqual([200])
    expect(await statuses(server, 1, from('2001:db8::1'))).toEqual([200])
    expect(await statuses(server, 1, from('203.0.113.5'), '/feeds/all.atom')).toEqual([200])
    expect(await statuses(server, 1, { 'X-Forwarded-For': '203.0.113.5' })).toEqual([200])
  })

  test('is known by what our proxy says, not by what it says itself', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    for (let n = 0; n < BURST; n++) await server.ask('/feeds/all.rss', from(`198.51.100.${n}, 203.0.113.5`))
    expect(await statuses(server, 1, from('198.51.100.99,203.0.113.5'))).toEqual([429])
    expect(await statuses(server, 1, from('203.0.113.5:4711'))).toEqual([429])
    expect(await statuses(server, 1, from('198.51.100.1'))).toEqual([200])
  })

  test('is forgotten when fifty thousand others have come, and never keeps them from their first', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    await statuses(server, BURST, from('203.0.113.5'))
    for (let n = 0; n < 500; n++) {
      const many = Array.from({ length: 100 }, (_, k) =>
        server.ask('/feeds/all.rss', from(`100.${n >> 8}.${n & 255}.${k}`)),
      )
      for (const { status } of await Promise.all(many)) expect(status).toBe(200)
      if (n === 200) expect(await statuses(server, 1, from('203.0.113.5'))).toEqual([429]) // who keeps asking is kept in mind
    }
    expect(await statuses(server, 1, from('203.0.113.5'))).toEqual([200])
  }, 120_000)

  test('is never limited where it may be a proxy that nobody named, and the log says so once', async () => {
    await using world = await openPaper({})
    await using server = await serveFeeds(world, way)
    const found = await statuses(server, BURST + 5, from('203.0.113.5'))
    expect(found).toEqual(Array(BURST + 5).fill(200))
    await statuses(server, 2, from('203.0.113.6', 'other'))
    expect(world.logs.filter((log) => log.event.includes('NASHRA_TRUST_PROXY'))).toHaveLength(1)
  })

  test('is not the proxy itself, when that does not say for whom it asks', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    expect(await statuses(server, BURST + 5, { 'User-Agent': 'x' })).toEqual(Array(BURST + 5).fill(200))
    expect(world.logs).toEqual([])
  })

  test('whatever it sends as agent and address, it is answered', async () => {
    await using world = await openPaper()
    await using server = await serveFeeds(world, way)
    for (const agent of ['x'.repeat(8_000), '\u00ff\u0080', ' ', ', ', '203.0.113.5 all.rss x'])
      for (const address of [
        '',
        ',,,',
        'unknown',
        '::ffff:203.0.113.5',
        '[2001:db8::1]:80',
        'x'.repeat(4_000),
        `${'1.2.3.4,'.repeat(500)}203.0.113.5`,
      ])
        expect(await statuses(server, 1, from(address, agent))).toEqual([200])
  })
})

test('a feed has one name for all its formats and for all spellings that mean the same', async () => {
  await using world = await openPaper()
  const pollers = openPollers(world)
  const named = (url: string) =>
    pollers.find({ socket: { remoteAddress: '127.0.0.1' }, headers: {} } as unknown as IncomingMessage, url).feed
  expect(['/feeds/all.rss', '/feeds/all.atom?x=1', '/feeds/all.json'].map(named)).toEqual(['all', 'all', 'all'])
  const arabic = ['إقتصاد وأعمال', 'اقتصاد-واعمال'].map((name) => `/feeds/section/${encodeURIComponent(name)}.rss`)
  expect(arabic.map(named)).toEqual(['section/اقتصاد-واعمال', 'section/اقتصاد-واعمال'])
  expect(named('/feeds/search.rss?q=%D8%B3%D8%B1')).toBe('search') // nobody's words are kept
  expect(named('/feeds/tag/%E0%A4%00\u0000.rss')).toMatch(/^tag\/[^\u0000]*$/)
  expect(named(`/feeds/tag/${'x'.repeat(5000)}.rss`)).toHaveLength(100)
})

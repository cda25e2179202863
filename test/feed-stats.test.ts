import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { forgetFeedReaders } from '../jobs/forget-feed-readers.ts'
import type { App } from '../src/app.ts'
import * as channels from '../src/channels.ts'
import { programOf } from '../src/feed-agents.ts'
import * as feedReaders from '../src/feed-readers.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const NEWSBOAT = 'newsboat/2.21.0 (Linux 6.1.0; x86_64)'
const FEEDLY = 'Feedly/1.0 (+http://www.feedly.com/fetcher.html; 120 subscribers; like FeedFetcher-Google)'
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const PROXY = { NASHRA_TRUST_PROXY: '127.0.0.1' }

test.each([
  [FEEDLY, 'Feedly', '', 120],
  ['Mozilla/5.0 (compatible; inoreader.com; 12 subscribers)', 'Inoreader', '', 12],
  ['Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 5 subscribers; )', 'Inoreader', '', 5],
  [
    'NewsBlur Feed Fetcher - 25 subscribers - http://www.newsblur.com/site/1/x (Mozilla/5.0 (Macintosh))',
    'NewsBlur',
    '',
    25,
  ],
  ['Feedbin feed-id:1234 - 5 subscribers', 'Feedbin', '1234', 5],
  ['Mozilla/5.0 (compatible; theoldreader.com; 3 subscribers; feed-id=abc123)', 'The Old Reader', 'abc123', 3],
  ['Mozilla/5.0 (compatible; BazQux/2.4; +https://bazqux.com/fetcher; 1 subscriber)', 'BazQux Reader', '', 1],
  ['SomeNewThing/0.1 (7 Subscribers; feedID: 9)', 'SomeNewThing', '9', 7],
  ['G2Reader-Bot/1.0 (+http://www.g2reader.com/; 4 subscribers)', 'G2Reader', '', 4],
  ['Feedly/1.0 (99999999999999 subscribers)', 'Feedly', '', 10_000_000],
  ['X/1 (99999999999999 subscribers)', 'X', '', 1000], // nobody we know
])('%s fetches for as many as it says', (agent, name, id, readers) => {
  expect(programOf(agent)).toEqual({ name, hosted: { id, readers } })
})

test.each([
  [NEWSBOAT, 'newsboat'],
  ['NetNewsWire (RSS Reader; https://netnewswire.com/)', 'NetNewsWire'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0', 'Thunderbird'],
  ['Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) NetNewsWire/6.1', 'NetNewsWire'],
  ['Liferea/1.14.1 (Linux; https://lzone.de/liferea/) AppleWebKit (KHTML, like Gecko)', 'Liferea'],
  ['Mozilla/5.0 (X11; Linux) AppleWebKit/537 (KHTML, like Gecko) Akregator/5.2', 'Akregator'],
  ['Mozilla/5.0 (compatible; Miniflux/2.0.49; +https://miniflux.app)', 'Miniflux'],
  ['Mozilla/5.0 (compatible; MyRSS/2; +https://x.example)', 'MyRSS'],
  ['Tiny Tiny RSS/23.12 (https://tt-rss.org/)', 'Tiny Tiny RSS'],
  ['rss2email/3.14 (https://github.com/rss2email/rss2email)', 'rss2email'],
  ['curl/8.11.1', 'curl'],
  ['someone@example.org reads/1.0', 'unnamed'],
])('%s counts as one, without its version', (agent, name) => {
  expect(programOf(agent)).toEqual({ name })
})

test.each([
  '', ' ', CHROME, 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Opera/9.80 (X11)', 'Lynx/2.9.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Mozilla/5.0 (compatible; bingbot/2.0)', 'Baiduspider', 'Twitterbot/1.0',
  'facebookexternalhit/1.1', 'WhatsApp/2.23', 'Slackbot-LinkExpanding 1.0', 'Mozilla/5.0 (compatible; UptimeRobot/2.0)', 'kube-probe/1.30', 'check_http/v2.3 (nagios)',
  'W3C_Validator/1.3', 'Mozilla/5.0 (compatible; YandexBot/3.0)', 'GPTBot/1.2', 'Feed crawler 3', 'Mozilla/5.0 HeadlessChrome/140', 'SkypeUriPreview',
])('%s reads for nobody', (agent) => {
  expect(programOf(agent)).toBeUndefined()
}) // biome-ignore format: one list

describe.each(databases)('readers of feeds on %s', (kind) => {
  test('hosted readers count as many as they said last, others once per network and program', async () => {
    await using world = await openPaper(kind)
    await poll(world, '/feeds/all.rss', [
      ['203.0.113.5', FEEDLY],
      ['198.51.100.9', FEEDLY.replace('120', '125')], // another machine of the same service
      ['203.0.113.5', 'Feedbin feed-id:1 - 5 subscribers'],
      ['203.0.113.5', 'Feedbin feed-id:2 - 6 subscribers'],
      ['203.0.113.5', NEWSBOAT],
      ['203.0.113.77', NEWSBOAT], // the same network
      ['203.0.114.5', NEWSBOAT],
      ['2001:db8:1:2::1', NEWSBOAT],
      ['2001:db8:1:2:ffff::1', NEWSBOAT],
      ['203.0.113.5', 'sfeed/2.0'],
      ['203.0.113.5', CHROME],
      ['203.0.113.5', 'Googlebot/2.1'],
      ['203.0.113.5', ''],
    ])
    expect(await feedReaders.stats(world, 'all')).toEqual([
      {
        feed: 'all',
        readers: 140,
        services: [{ agent: 'Feedly', readers: 125 }, { agent: 'Feedbin', readers: 11 }],
        programs: [{ agent: 'newsboat', readers: 3 }, { agent: 'sfeed', readers: 1 }],
        since: '2026-11-17',
      },
    ]) // biome-ignore format: one answer
  })

  test('who asks by the lane counts as well', async () => {
    await using world = await openPaper(kind)
    const clients: [string, string][] = [['203.0.113.1', NEWSBOAT], ['203.0.113.5', NEWSBOAT], ['203.0.114.5', NEWSBOAT]] // biome-ignore format: one list
    await poll(
      world,
      '/feeds/all.rss',
      [...clients, ...clients, ['203.0.113.5', FEEDLY], ['203.0.113.5', CHROME]],
      'lane',
    )
    expect(await feedReaders.stats(world, 'all')).toMatchObject([{ readers: 122 }])
  })

  test('one feed in three formats is read by whoever reads any; another feed by its own', async () => {
    await using world = await openPaper(kind)
    await channels.add(world, 'cli', { slug: 'sport', title: 'رياضة', filter: {} })
    await poll(world, '/feeds/all.rss', [['203.0.113.5', NEWSBOAT]])
    await poll(world, '/feeds/all.atom?x=1', [['203.0.113.5', NEWSBOAT]])
    await poll(world, '/feeds/sport.json', [['203.0.113.5', NEWSBOAT]])
    const stats = await feedReaders.stats(world)
    expect(stats.map(({ feed, readers }) => [feed, readers])).toEqual([
      ['all', 1],
      ['sport', 1],
    ])
    const rows = await world.db.selectFrom('feed_reader').select('reader').execute()
    expect(new Set(rows.map((row) => row.reader)).size).toBe(2) // nobody can be followed from feed to feed
    await expect(feedReaders.stats(world, 'nope')).rejects.toMatchObject({ code: 'channel-not-found' })
  })

  test('an unchanged feed is read as well; what is not there, HEAD and other methods are not reads', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    const etag = (await server.ask('/feeds/all.rss')).headers.etag!
    const of = (agent: string) => ({ 'User-Agent': agent, 'X-Forwarded-For': '203.0.113.5' })
    expect((await server.ask('/feeds/all.rss', { ...of('again/1'), 'If-None-Match': etag })).status).toBe(304)
    expect((await server.ask('/feeds/all.rss', of('head/1'), 'HEAD')).status).toBe(200)
    expect((await server.ask('/feeds/nope.rss', of('missing/1'))).status).toBe(404)
    expect((await server.ask('/feeds/all.rss', of('post/1'), 'POST')).status).toBe(405)
    await server[Symbol.asyncDispose]()
    expect((await feedReaders.stats(world)).map(({ programs }) => programs)).toEqual([[{ agent: 'again', readers: 1 }]])
  })

  test('neither addresses nor agents are stored, and another key gives other hashes', async () => {
    await using world = await openPaper(kind)
    await poll(world, '/feeds/all.rss', [['203.0.113.5', `${NEWSBOAT} secret-7`]])
    const rows = await world.db.selectFrom('feed_reader').selectAll().execute()
    expect(rows).toEqual([
      { feed: 'all', reader: expect.stringMatching(/^p\.[\w-]{22}$/), agent: 'newsboat', n: 1, seen_on: '2026-11-23' },
    ])
    const poll2 = [{ feed: 'all', address: '203.0.113.5', agent: `${NEWSBOAT} secret-7` }]
    await feedReaders.openCounter(world).see(poll2)
    expect(await world.db.selectFrom('feed_reader').selectAll().execute()).toEqual(rows)
    await feedReaders.openCounter({ ...world, keys: new Map([[1, Buffer.alloc(32, 7)]]) }).see(poll2)
    expect(await world.db.selectFrom('feed_reader').selectAll().execute()).toHaveLength(2)
  })

  test('who has not been seen for seven days is no reader any more, and is forgotten', async () => {
    await using world = await openPaper(kind)
    await poll(world, '/feeds/all.rss', [['203.0.113.5', NEWSBOAT], ['203.0.113.5', FEEDLY]]) // biome-ignore format: two polls
    world.clock.set('2026-11-29T20:59:00Z') // 23:59 in Istanbul, the seventh day
    await forgetFeedReaders.run(world, AbortSignal.abort())
    expect((await feedReaders.stats(world, 'all'))[0]!.readers).toBe(121)
    await poll(world, '/feeds/all.rss', [['203.0.113.5', FEEDLY.replace('120', '80')]])
    world.clock.set('2026-11-29T21:01:00Z')
    expect((await feedReaders.stats(world, 'all'))[0]).toMatchObject({ readers: 80, programs: [], since: '2026-11-24' })
    await forgetFeedReaders.run(world, AbortSignal.abort())
    expect(await world.db.selectFrom('feed_reader').select(['agent', 'seen_on']).execute()).toEqual([
      { agent: 'Feedly', seen_on: '2026-11-29' },
    ])
  })

  test('a flood of agents fills a day up to its limit and no further, and never costs a known reader', async () => {
    await using world = await openPaper(kind)
    const counter = feedReaders.openCounter(world)
    const poll = (agent: string) => ({ feed: 'all', address: '203.0.113.5', agent })
    await counter.see([poll('faithful/1')])
    world.clock.advance({ hours: 24 })
    await counter.see(Array.from({ length: 20_300 }, (_, n) => poll(`flood-${letters(n)}/1`)))
    await counter.see([poll('late/1'), poll('faithful/1')])
    const { n } = await world.db
      .selectFrom('feed_reader')
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'bigint').as('n'))
      .executeTakeFirstOrThrow()
    expect(n).toBe(20_001)
    const last = world.db
      .selectFrom('feed_reader')
      .select(['agent', 'seen_on'])
      .where('agent', 'in', ['late', 'faithful'])
    expect(await last.execute()).toEqual([{ agent: 'faithful', seen_on: '2026-11-24' }])
    const [stats] = await feedReaders.stats(world, 'all')
    expect(stats!.programs).toHaveLength(51)
    expect(stats!.programs.at(-1)).toEqual({ agent: 'other', readers: 20_001 - 50 })
    await counter.see([{ ...poll('late/1'), feed: 'section/رياضة' }])
    expect(await feedReaders.stats(world, 'section/رياضة')).toMatchObject([{ readers: 1 }])
  }, 60_000)

  test('a database that fails loses counts and never an answer, and says so once', async () => {
    await using world = await openPaper(kind)
    let broken = true
    const app: App = {
      ...world,
      get db() {
        if (broken) throw new Error('the disk is gone')
        return world.db
      },
    }
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      await using server = await serveFeeds(app)
      const ask = () => server.ask('/feeds/all.rss', { 'User-Agent': NEWSBOAT, 'X-Forwarded-For': '203.0.113.5' })
      for (let n = 0; n < 2; n++) {
        expect((await ask()).status).toBe(200)
        vi.advanceTimersByTime(10_000)
        await vi.waitFor(() => expect(world.logs.filter((log) => log.level === 'error')).toHaveLength(1))
      }
      broken = false
      expect((await ask()).status).toBe(200)
      vi.advanceTimersByTime(10_000)
      await vi.waitFor(async () => expect((await feedReaders.stats(world, 'all'))[0]!.readers).toBe(1))
      expect(world.logs.filter((log) => log.level === 'error')).toMatchObject([
        { event: 'readers of feeds could not be counted', details: { lost: 1 } },
      ])
    } finally {
      vi.useRealTimers()
    }
  })

  test('whatever is said of an agent, it is counted or not, and nothing breaks', async () => {
    await using world = await openPaper(kind)
    const counter = feedReaders.openCounter(world)
    const word = fc.constantFrom(
      '12',
      ' subscribers',
      'feed-id=',
      ';',
      '(',
      'Mozilla/5.0 ',
      'RSS',
      '\u0000',
      '\ud800',
      '\u202e',
      'ق',
      '/',
      '@',
      '9'.repeat(20),
    )
    const agent = fc
      .array(fc.oneof(word, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 12 })
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ agent, address: fc.oneof(fc.ipV4(), fc.ipV6(), agent) }), { maxLength: 5 }), async (polls) => {
        await counter.see(polls.map((poll) => ({ ...poll, feed: 'all' })))
      }),
      { numRuns: 100 },
    ) // biome-ignore format: one property
    const [stats] = await feedReaders.stats(world, 'all')
    expect(stats!.readers).toBeGreaterThan(0)
  })
})

async function openPaper(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW, PROXY)
  await publishAll(world, [{ guid: 'واحد' }])
  return world
}

/** A number in letters: names that hold long numbers are not shown. */
function letters(n: number): string {
  return [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
}

/** Each of these clients asks once, through our proxy; what a server has seen is written when it closes. */
async function poll(
  world: World,
  path: string,
  clients: [string, string][],
  way: 'lane' | 'parser' = 'parser',
): Promise<void> {
  await using server = await serveFeeds(world, way)
  for (const [address, agent] of clients) {
    const headers = { 'X-Forwarded-For': address, ...(agent && { 'User-Agent': agent }) }
    expect((await server.ask(path, headers)).status).toBe(200)
  }
}

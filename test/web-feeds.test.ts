import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as site from '../src/site.ts'
import { openDocuments } from '../src/web/feed-documents.ts'
import { knowPaper } from '../src/web/feed-paper.ts'
import { feedTarget } from '../src/web/feed-paths.ts'
import { at } from './feed-input.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const SEEN = { timeout: 5000, interval: 20 } // PostgreSQL tells of a change within 250 ms

describe.each(databases)('feeds on %s', (kind) => {
  test('each format is served with its type, its validators and its caching, and HEAD says the same', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    for (const [format, type] of [
      ['rss', 'application/rss+xml'],
      ['atom', 'application/atom+xml'],
      ['json', 'application/feed+json'],
    ]) {
      const got = await server.ask(`/feeds/all.${format}`)
      expect(got.status).toBe(200)
      expect(got.body.toString()).toContain('خبر واحد')
      expect(got.headers).toMatchObject({
        'content-type': `${type}; charset=utf-8`,
        'content-length': String(got.body.length),
        'last-modified': 'Mon, 23 Nov 2026 04:10:00 GMT',
        'cache-control': 'public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400',
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
        'access-control-allow-origin': '*',
      })
      expect(got.headers.etag).toMatch(/^"[\w-]{22}"$/)
      expect(got.headers).not.toHaveProperty('set-cookie')
      const head = await server.ask(`/feeds/all.${format}`, {}, 'HEAD')
      expect(head.body.length).toBe(0)
      expect({ ...head.headers, date: '' }).toEqual({ ...got.headers, date: '' })
      expect((await server.ask(`/feeds/all.${format}?utm_source=x&feed=1`)).headers.etag).toBe(got.headers.etag)
    }
  })

  test('the coding is the one the client likes best, each with a tag of its own', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    const plain = await server.ask('/feeds/all.rss')
    const wanted: [string, string | undefined][] = [
      ['gzip', 'gzip'], ['br', 'br'], ['gzip, deflate, br, zstd', 'br'], ['gzip;q=1.0, br;q=0.5', 'gzip'], ['br;q=0, gzip;q=0.1', 'gzip'],
      ['GZIP', 'gzip'], ['x-gzip', 'gzip'], ['*', 'br'], ['*;q=0.1, gzip;q=0', 'br'], ['identity', undefined], ['', undefined], ['zstd', undefined],
      ['gzip;q=0', undefined], ['gzip;q=0.5, identity', undefined], ['identity;q=0', undefined], ['gzip;q=nonsense', undefined], [',;,=', undefined],
    ] // biome-ignore format: one table
    for (const [header, coding] of wanted) {
      const got = await server.ask('/feeds/all.rss', { 'Accept-Encoding': header })
      expect(got.headers['content-encoding'], header).toBe(coding)
      expect(got.headers.vary).toBe('Accept-Encoding')
      const suffix = { gzip: '-gz', br: '-br' }[coding ?? ''] ?? ''
      expect(got.headers.etag).toBe(plain.headers.etag!.replace(/"$/, `${suffix}"`))
      const body =
        coding === 'gzip' ? gunzipSync(got.body) : coding === 'br' ? brotliDecompressSync(got.body) : got.body
      expect(body.equals(plain.body)).toBe(true)
    }
  })

  test('a client that has the document is told so and gets no bytes', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    const { headers } = await server.ask('/feeds/all.atom')
    const tag = headers.etag!
    const [gz, br] = [tag.replace(/"$/, '-gz"'), tag.replace(/"$/, '-br"')]
    const modified = headers['last-modified']!
    const earlier = 'Mon, 23 Nov 2026 04:09:59 GMT'
    const later = 'Mon, 23 Nov 2026 05:00:00 GMT'
    const cases: [Record<string, string>, number, string?][] = [
      [{ 'If-None-Match': tag }, 304, tag],
      [{ 'If-None-Match': `W/${tag}` }, 304, tag],
      [{ 'If-None-Match': `"other", W/"x,y" ,${tag}` }, 304, tag],
      [{ 'If-None-Match': '*' }, 304, tag],
      [{ 'If-None-Match': gz }, 304, gz],
      [{ 'If-None-Match': br, 'Accept-Encoding': 'gzip' }, 304, br],
      [{ 'If-None-Match': `${tag}, ${gz}`, 'Accept-Encoding': 'gzip' }, 304, gz],
      [{ 'If-None-Match': '"other"' }, 200],
      [{ 'If-None-Match': '' }, 200],
      [{ 'If-None-Match': tag.slice(1, -1) }, 200],
      [{ 'If-None-Match': '"other"', 'If-Modified-Since': later }, 200],
      [{ 'If-None-Match': tag, 'If-Modified-Since': earlier }, 304, tag],
      [{ 'If-Modified-Since': modified }, 304, tag],
      [{ 'If-Modified-Since': '2099' }, 200],
      [{ 'If-Modified-Since': later, 'Accept-Encoding': 'br' }, 304, br],
      [{ 'If-Modified-Since': 'Monday, 23-Nov-26 04:10:00 GMT' }, 304, tag],
      [{ 'If-Modified-Since': earlier }, 200],
      [{ 'If-Modified-Since': 'yesterday' }, 200],
    ]
    for (const [given, status, etag] of cases) {
      for (const method of ['GET', 'HEAD']) {
        const got = await server.ask('/feeds/all.atom', given, method)
        expect(got.status, JSON.stringify(given)).toBe(status)
        if (status === 200) continue
        expect(got.body.length).toBe(0)
        expect(got.headers).toMatchObject({
          etag,
          'last-modified': modified,
          vary: 'Accept-Encoding',
          'cache-control': headers['cache-control'],
        })
        expect(got.headers).not.toHaveProperty('content-type')
        expect(got.headers).not.toHaveProperty('content-encoding')
      }
    }
  })

  test('a feed can only be read, an unknown one is 404, and other paths are not ours', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const got = await server.ask('/feeds/all.rss', {}, method)
      expect([got.status, got.headers.allow]).toEqual([405, 'GET, HEAD'])
    }
    for (const path of ['/feeds/nope.rss', '/feeds/nope.rss', '/feeds/rss.json?x']) {
      const got = await server.ask(path)
      expect([got.status, got.headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8'])
      expect((await server.ask(path, { 'If-None-Match': '*' }, 'HEAD')).status).toBe(404)
    }
    const foreign = [
      '/',
      '/feeds',
      '/feeds/',
      '/feeds/all',
      '/feeds/all.xml',
      '/feeds/All.rss',
      '/feeds/all.rss/',
      '/feeds/p/x.rss',
      '/feeds/section/x/y.rss',
      '/feeds/%61ll.rss',
      '//feeds/all.rss',
      '/feeds/../feeds/all.rss',
      `/feeds/${'a'.repeat(61)}.rss`,
    ]
    for (const path of foreign) expect((await server.ask(path)).status, path).toBe(418)
    await channels.add(world, 'cli', { slug: 'nope', title: 'الآن', filter: {} })
    await vi.waitFor(async () => expect((await server.ask('/feeds/nope.rss')).status).toBe(200), SEEN)
  })

  test('two machines and a new start give the same tags and the same bytes', async () => {
    await using world = await openPaper(kind)
    const seen = []
    for (let n = 0; n < 3; n++) {
      const machine = n === 0 ? world : await world.again()
      machine.clock.advance({ minutes: n })
      await using server = await serveFeeds(machine)
      const answers = await Promise.all(
        ['rss', 'atom', 'json'].flatMap((format) =>
          ['gzip', 'br', ''].map((coding) => server.ask(`/feeds/all.${format}`, { 'Accept-Encoding': coding })),
        ),
      )
      seen.push(
        answers.map((answer) => [answer.headers.etag, answer.headers['last-modified'], answer.body.toString('base64')]),
      )
      if (n > 0) await machine.database.close()
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
  })

  test("another process's change is seen, and only the documents that it touches become new", async () => {
    await using world = await openPaper(kind)
    await channels.add(world, 'cli', { slug: 'sea', title: 'البحر', filter: { section: ['بحر'] } })
    await using server = await serveFeeds(world)
    await settled(world)
    const before = { all: await server.ask('/feeds/all.rss'), sea: await server.ask('/feeds/sea.rss') }
    const other = await world.again()
    other.clock.advance({ minutes: 30 })
    await publishAll(other, [{ guid: 'سفينة', published_at: at('2026-11-23T04:00:00Z'), section: 'البر' }])
    await vi.waitFor(
      async () =>
        expect((await server.ask('/feeds/all.rss', { 'If-None-Match': before.all.headers.etag! })).status).toBe(200),
      SEEN,
    )
    const after = { all: await server.ask('/feeds/all.rss'), sea: await server.ask('/feeds/sea.rss') }
    expect(after.all.body.toString()).toContain('خبر سفينة')
    expect(after.all.headers['last-modified']).toBe('Mon, 23 Nov 2026 04:40:00 GMT')
    expect(after.sea.headers.etag).toBe(before.sea.headers.etag)
    await site.set(other, 'cli', { name: 'اسم جديد' })
    await vi.waitFor(
      async () => expect((await server.ask('/feeds/sea.atom')).body.toString()).toContain('اسم جديد'),
      SEEN,
    )
    await other.database.close()
  })

  test('a poll of what has not changed asks the database for nothing', async () => {
    await using world = await openPaper(kind)
    const { app, asked } = counting(world)
    await using server = await serveFeeds(app)
    await server.ask('/feeds/all.rss')
    await settled(world)
    await server.ask('/feeds/all.rss')
    const before = asked()
    expect(before).toBeGreaterThan(0)
    for (let n = 0; n < 20; n++)
      await server.ask('/feeds/all.rss', n % 2 ? { 'If-None-Match': '"x"' } : { 'Accept-Encoding': 'gzip' })
    for (let n = 0; n < 5; n++) await server.ask('/feeds/nope.rss')
    expect(asked()).toBe(before)
  })

  test('a change that is not of this feed costs one look at the versions, and no building', async () => {
    await using world = await openPaper(kind)
    const { app, transactions } = counting(world)
    await using server = await serveFeeds(app)
    await server.ask('/feeds/all.rss')
    await settled(world)
    await server.ask('/feeds/all.rss')
    expect(transactions()).toBe(1)
    await channels.add(world, 'cli', { slug: 'sea', title: 'البحر', filter: {} })
    await settled(world)
    await server.ask('/feeds/all.rss')
    expect(transactions()).toBe(1)
  })

  test('a crowd that comes after a change shares one build', async () => {
    await using world = await openPaper(kind)
    const { app, transactions } = counting(world)
    await using server = await serveFeeds(app)
    const answers = await Promise.all(Array.from({ length: 30 }, () => server.ask('/feeds/all.rss')))
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.headers.etag}`)).size).toBe(1)
    expect(transactions()).toBe(1)
  })

  test('documents that are polled while articles come in end as the last change left them', async () => {
    await using world = await openPaper(kind)
    const other = await world.again()
    await using server = await serveFeeds(world)
    const writing = (async () => {
      for (let n = 0; n < 25; n++) await publishAll(n % 2 ? other : world, [{ guid: `${n % 20}`, title: `عنوان ${n}` }])
    })()
    const polls = []
    for (let n = 0; n < 60; n++) {
      polls.push(server.ask(`/feeds/all.${['rss', 'atom', 'json'][n % 3]}`))
      if (n % 5 === 0) await polls.at(-1)
    }
    await writing
    for (const answer of await Promise.all(polls)) expect(answer.status).toBe(200)
    await settled(world)
    await using fresh = await serveFeeds(other)
    await settled(other)
    for (const format of ['rss', 'atom', 'json']) {
      const [kept, built] = [await server.ask(`/feeds/all.${format}`), await fresh.ask(`/feeds/all.${format}`)]
      expect(kept.headers.etag).toBe(built.headers.etag)
      expect(kept.body.toString()).toContain('عنوان 24')
    }
  })

  test('what is kept has a limit: the document that nobody asked for longest goes', async () => {
    await using world = await openPaper(kind)
    const { app, transactions } = counting(world)
    const open = (mostBytes?: number) => openDocuments(app, knowPaper(app), () => {}, mostBytes)
    const target = (format: string) => feedTarget(`/feeds/all.${format}`)!
    const bytes = (await open().fetch(target('rss')))!
    const one = Object.values(bytes.bodies).reduce((sum, body) => sum + body.length, 0)
    const documents = open(one * 2)
    await settled(world)
    for (const format of ['rss', 'atom', 'rss', 'json']) await documents.fetch(target(format))
    expect(documents.ready('/feeds/all.rss')).toBeDefined()
    expect(documents.ready('/feeds/all.json')).toBeDefined()
    expect(documents.ready('/feeds/all.atom')).toBeUndefined()
    expect(transactions()).toBe(1) // all of them of one look at the database
  })

  test('an article under embargo is in the feed when its hour has come, without any change', async () => {
    await using world = await openPaper(kind)
    await publishAll(world, [{ guid: 'غد', published_at: at('2026-11-23T06:00:00Z') }])
    await using server = await serveFeeds(world)
    const before = await server.ask('/feeds/all.rss')
    expect(before.body.toString()).not.toContain('خبر غد')
    world.clock.set('2026-11-23T05:59:59Z')
    expect((await server.ask('/feeds/all.rss')).headers.etag).toBe(before.headers.etag)
    world.clock.set('2026-11-23T06:00:00Z')
    const after = await server.ask('/feeds/all.rss', { 'If-None-Match': before.headers.etag! })
    expect(after.status).toBe(200)
    expect(after.body.toString()).toContain('خبر غد')
    expect(after.headers['last-modified']).toBe('Mon, 23 Nov 2026 06:00:00 GMT')
  })

  test('a withdrawn article is gone from all feeds, and Atom says so', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    expect((await server.ask('/feeds/all.atom')).body.toString()).toContain('خبر واحد')
    await world.db.transaction().execute((db) => articles.withdraw(db, 'cli', 'واحد', 'كان خطأ', instant(world.now())))
    for (const format of ['rss', 'atom', 'json']) {
      await vi.waitFor(
        async () => expect((await server.ask(`/feeds/all.${format}`)).body.toString()).not.toContain('خبر واحد'),
        SEEN,
      )
    }
    expect((await server.ask('/feeds/all.atom')).body.toString()).toMatch(
      /<at:deleted-entry ref="urn:uuid:[^"]+" when="2026-11-23T04:10:00.000Z"><at:comment>كان خطأ</,
    )
  })

  test('an article that no reader could take is left out, and the log says so once', async () => {
    await using world = await openPaper(kind)
    await world.db.updateTable('article').set({ entry_id: '12345' }).where('guid', '=', 'اثنان').execute()
    await using server = await serveFeeds(world)
    for (const name of ['ثلاثة', 'أربعة']) {
      await publishAll(world, [{ guid: name }])
      await vi.waitFor(
        async () => expect((await server.ask('/feeds/all.rss')).body.toString()).toContain(`خبر ${name}`),
        SEEN,
      )
    }
    const feed = (await server.ask('/feeds/all.rss')).body.toString()
    expect(feed).toContain('خبر واحد')
    expect(feed).not.toContain('خبر اثنان')
    const told = world.logs.filter((log) => log.event === 'an article was left out of a feed')
    expect(told).toMatchObject([
      { level: 'warn', details: { feed: 'all.rss', reason: 'its id is not a tag:, urn: or http(s) address' } },
    ])
  })

  test('while the database cannot be read the last good document is served, and the log says why', async () => {
    await using world = await openPaper(kind)
    let broken = false
    const app: App = {
      ...world,
      get read() {
        if (broken) throw new Error('the disk is gone')
        return world.read
      },
    }
    await using server = await serveFeeds(app)
    await settled(world)
    const before = await server.ask('/feeds/all.rss')
    broken = true
    await publishAll(world, [{ guid: 'ثلاثة' }])
    await settled(world)
    for (let n = 0; n < 5; n++)
      expect(await server.ask('/feeds/all.rss')).toMatchObject({ status: 200, body: before.body })
    expect(world.logs.filter((log) => log.level === 'error')).toMatchObject([
      { event: 'a feed could not be built', details: { feed: 'all.rss', kept: true } },
    ])
    const never = await server.ask('/feeds/all.json')
    expect([never.status, never.headers['retry-after']]).toEqual([503, '30'])
    broken = false
    await vi.waitFor(
      async () => expect((await server.ask('/feeds/all.rss')).body.toString()).toContain('خبر ثلاثة'),
      SEEN,
    )
  })
})

async function openPaper(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  await publishAll(world, [{ guid: 'واحد' }, { guid: 'اثنان', published_at: at('2026-11-21T08:00:00Z') }])
  return world
}

/** Until the process has heard of all that was committed. */
async function settled(world: World): Promise<void> {
  if (world.database.kind === 'sqlite') return
  const { version } = await world.read.selectFrom('site').select('version').executeTakeFirstOrThrow()
  await vi.waitFor(() => expect(world.database.version()).toBe(version), SEEN)
}

/** How often the product turned to the database to read, and how often for a whole document. */
function counting(world: World): { app: App; asked: () => number; transactions: () => number } {
  let [asked, transactions] = [0, 0]
  const read = new Proxy(world.read, {
    get(target, name) {
      asked++
      if (name === 'transaction') transactions++
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { app: { ...world, read }, asked: () => asked, transactions: () => transactions }
}

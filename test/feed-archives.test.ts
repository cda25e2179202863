import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { App } from '../src/app.ts'
import * as channels from '../src/channels.ts'
import * as site from '../src/site.ts'
import { at } from './feed-input.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { BASE, linksOf, NOW, openMonth, settled, titlesOf, withdraw } from './feed-stream.ts'
import { databases, openWorld, type World } from './world.ts'
import { childrenOf, parseXml, textOf } from './xml.ts'

describe.each(databases)('archives on %s', (kind) => {
  test('from the subscription document a reader finds every article of every month, each once', async () => {
    await using world = await openWorld(kind, NOW)
    await channels.add(world, 'cli', { slug: 'few', title: 'قليل', filter: {}, size: 3 })
    const dates = ['2026-11-20', '2026-11-19', '2026-11-02', '2026-11-01', '2026-09-30', '2026-09-01', '2025-01-15']
    await publishAll(
      world,
      dates.map((date) => ({ guid: date, published_at: at(`${date}T08:00:00Z`) })),
    )
    await using server = await serveFeeds(world)
    const subscription = parseXml((await server.ask('/feeds/few.atom')).body.toString())
    expect(titlesOf(subscription)).toHaveLength(3)
    expect(linksOf(subscription)).toContain(`prev-archive ${BASE}/feeds/few/2026-11.atom`)
    const rss = parseXml((await server.ask('/feeds/few.rss')).body.toString()).children[0]!
    const older = childrenOf(rss, 'atom:link').find((link) => link.attributes['rel'] === 'prev-archive')
    expect(older!.attributes['href']).toBe(`${BASE}/feeds/few/2026-11.atom`)
    const found: string[] = []
    let next: string | undefined = '/feeds/few/2026-11.atom'
    const way: string[] = []
    while (next !== undefined) {
      way.push(next)
      const got = await server.ask(next)
      const archive = parseXml(got.body.toString())
      expect(got.headers['cache-control']).toBe('public, max-age=3600')
      expect(childrenOf(archive, 'fh:archive')).toHaveLength(1)
      expect(archive.attributes['xmlns:fh']).toBe('http://purl.org/syndication/history/1.0')
      expect(textOf(archive, 'id')).toBe(textOf(subscription, 'id'))
      expect(linksOf(archive)).toContain(`self ${BASE}${next}`)
      expect(linksOf(archive)).toContain(`current ${BASE}/feeds/few.atom`)
      if (way.length > 1) expect(linksOf(archive)).toContain(`next-archive ${BASE}${way.at(-2)}`)
      found.push(...titlesOf(archive))
      next = linksOf(archive)
        .find((link) => link.startsWith('prev-archive '))
        ?.slice(`prev-archive ${BASE}`.length)
    }
    expect(way).toEqual(['2026-11', '2026-09', '2025-01'].map((month) => `/feeds/few/${month}.atom`))
    expect(found).toEqual(dates.map((date) => `خبر ${date}`))
    for (const path of [
      'few/2026-10',
      'few/2026-13',
      'few/2026-1',
      'few/0000-01',
      'few/99999-01',
      'few/2027-01',
      'nope/2026-11',
      'search/2026-11',
    ])
      expect((await server.ask(`/feeds/${path}.atom`)).status, path).toBe(404)
    expect((await server.ask('/feeds/p/2026-11.atom')).status).toBe(418)
    expect((await server.ask('/feeds/few/2026-11.atom', {}, 'POST')).status).toBe(405)
  })

  test('a month begins and ends where the paper is, and what waits for its hour is not in it', async () => {
    await using world = await openWorld(kind, NOW)
    await publishAll(world, [
      { guid: 'october', published_at: at('2026-10-31T20:59:59Z') },
      { guid: 'november', published_at: at('2026-10-31T21:00:00Z') }, // midnight in Istanbul
      { guid: 'tomorrow', published_at: at('2026-11-24T00:00:00Z') },
    ])
    await using server = await serveFeeds(world)
    const month = async (name: string) =>
      titlesOf(parseXml((await server.ask(`/feeds/all/${name}.atom`)).body.toString()))
    expect(await month('2026-10')).toEqual(['خبر october'])
    expect(await month('2026-11')).toEqual(['خبر november'])
    const { headers } = await server.ask('/feeds/all/2026-11.atom')
    world.clock.set('2026-11-24T00:00:00Z')
    expect((await server.ask('/feeds/all/2026-11.atom', { 'If-None-Match': headers.etag! })).status).toBe(200)
    expect(await month('2026-11')).toEqual(['خبر tomorrow', 'خبر november'])
  })

  test('each coding has its tag, a client that has it gets no bytes, and two machines agree', async () => {
    await using world = await openMonth(kind, 120)
    await using server = await serveFeeds(world)
    const path = '/feeds/all/2026-11.atom'
    const plain = await server.ask(path)
    expect(titlesOf(parseXml(plain.body.toString()))).toHaveLength(120)
    const gz = await server.ask(path, { 'Accept-Encoding': 'gzip' })
    const br = await server.ask(path, { 'Accept-Encoding': 'br' })
    expect(gunzipSync(gz.body).equals(plain.body)).toBe(true)
    expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true)
    const tags = [plain, gz, br].map((answer) => answer.headers.etag!)
    expect(tags).toEqual(['', '-gz', '-br'].map((end) => tags[0]!.replace(/"$/, `${end}"`)))
    expect(gz.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
    for (const tag of [...tags, `W/${tags[0]}`, '*']) {
      const has = await server.ask(path, { 'If-None-Match': tag })
      expect([has.status, has.body.length, has.headers['cache-control']]).toEqual([304, 0, 'public, max-age=3600'])
    }
    const head = await server.ask(path, {}, 'HEAD')
    expect([head.status, head.body.length, head.headers.etag]).toEqual([200, 0, tags[0]])
    const other = await world.again()
    other.clock.advance({ hours: 48 })
    await using second = await serveFeeds(other)
    const again = await second.ask(path)
    expect([again.headers.etag, again.body.equals(plain.body)]).toEqual([tags[0], true])
    await other.database.close()
  })

  test('a withdrawal, a revision, a new article and a neighbour month each change the tag', async () => {
    await using world = await openMonth(kind, 3)
    await using server = await serveFeeds(world)
    const tags = new Set<string>()
    const see = async () => {
      await settled(world)
      tags.add((await server.ask('/feeds/all/2026-11.atom', {}, 'HEAD')).headers.etag!)
    }
    await see()
    await see()
    expect(tags.size).toBe(1)
    world.clock.advance({ minutes: 1 })
    await withdraw(world, 'g1')
    await see()
    const archive = (await server.ask('/feeds/all/2026-11.atom')).body.toString()
    expect(archive).not.toContain('خبر g1')
    expect(archive).toContain('<at:comment>كان خطأ</at:comment>')
    world.clock.advance({ minutes: 1 })
    await publishAll(world, [{ guid: 'g2', title: 'عنوان جديد', published_at: at('2026-11-20T00:02:00Z') }])
    await see()
    await publishAll(world, [{ guid: 'late', published_at: at('2026-11-01T08:00:00Z') }])
    await see()
    await publishAll(world, [{ guid: 'older', published_at: at('2026-08-01T08:00:00Z') }])
    await see()
    await site.set(world, 'cli', { name: 'اسم جديد' })
    await see()
    expect(tags.size).toBe(6)
  })

  test('what changes while it is sent does not end well', async () => {
    await using world = await openMonth(kind, 160)
    let pages = 0
    const app = onRead(world, async () => {
      if (++pages === 3) await withdraw(world, 'g150')
    })
    await using server = await serveFeeds(app)
    await expect(server.ask('/feeds/all/2026-11.atom')).rejects.toThrow(/aborted|hang up|ECONNRESET/)
    expect(pages).toBeGreaterThan(3)
    expect(world.logs.at(-1)).toMatchObject({ level: 'warn', details: { feed: 'all/2026-11.atom' } })
    expect((await server.ask('/feeds/all/2026-11.atom')).status).toBe(200)
  })

  test('under another public address the tag is another one, for the links are', async () => {
    await using world = await openMonth(kind, 1)
    await using server = await serveFeeds(world)
    await using moved = await serveFeeds({ ...world, config: { ...world.config, url: 'https://moved.example' } })
    const path = '/feeds/all/2026-11.atom'
    const { headers } = await server.ask(path)
    const answer = await moved.ask(path, { 'If-None-Match': headers.etag! })
    expect([answer.status, answer.body.toString().includes('https://moved.example/a/')]).toEqual([200, true])
  })

  test('a summary channel has summaries in its archive, a tag channel what is tagged', async () => {
    await using world = await openMonth(kind, 5)
    await publishAll(world, [
      { guid: 'tagged', tags: ['بحر'], body_html: '<p>نص طويل</p>', published_at: at('2026-11-05T00:00:00Z') },
    ])
    await channels.add(world, 'cli', { slug: 'sea', title: 'بحر', filter: { tag: ['بحر'] }, summary: true })
    await using server = await serveFeeds(world)
    const [entry, ...more] = childrenOf(
      parseXml((await server.ask('/feeds/sea/2026-11.atom')).body.toString()),
      'entry',
    )
    expect([textOf(entry!, 'summary'), textOf(entry!, 'content'), more]).toEqual([
      '<p dir="rtl" lang="ar">نص طويل</p>',
      undefined,
      [],
    ])
  })

  test('an article that no reader could take is left out of it', async () => {
    await using world = await openMonth(kind, 3)
    await world.db.updateTable('article').set({ entry_id: '12345' }).where('guid', '=', 'g1').execute()
    await using server = await serveFeeds(world)
    expect(titlesOf(parseXml((await server.ask('/feeds/all/2026-11.atom')).body.toString()))).toEqual([
      'خبر g2',
      'خبر g0',
    ])
    expect(world.logs.filter((line) => line.level === 'warn')).toMatchObject([
      { event: 'an article was left out of a feed', details: { feed: 'all/2026-11.atom' } },
    ])
  })
})

/** Does something each time the product has read a page of pictures: once a page of an archive. */
function onRead(world: World, then: () => Promise<void>): App {
  const read = new Proxy(world.read, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'selectFrom') return typeof value === 'function' ? value.bind(target) : value
      return (table: string) => {
        if (table === 'article_tag') void then()
        return value.call(target, table)
      }
    },
  })
  return { ...world, read }
}

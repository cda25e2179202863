import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as facets from '../src/facets.ts'
import * as links from '../src/links.ts'
import * as site from '../src/site.ts'
import { fold } from '../src/text.ts'
import { openDocuments } from '../src/web/feed-documents.ts'
import { knowPaper } from '../src/web/feed-paper.ts'
import { feedTarget } from '../src/web/feed-paths.ts'
import { at } from './feed-input.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { databases, openWorld, type World } from './world.ts'
import { childrenOf, type Element, parseXml, textOf } from './xml.ts'

const NOW = '2026-11-23T04:10:00Z'
const SEEN = { timeout: 5000, interval: 20 }
const BASE = 'https://news.example'

describe.each(databases)('facet feeds on %s', (kind) => {
  test('each kind is served in all formats, called by its name and the paper, and names its page and itself', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    const wanted: [string, string, string, string[]][] = [
      [links.facet(BASE, 'section', 'اقتصاد'), links.facetFeed('', 'section', 'اقتصاد', 'atom'), 'اقتصاد · الميناء', ['ج', 'أ']],
      [links.facet(BASE, 'tag', 'بحر ابيض'), links.facetFeed('', 'tag', 'بحر ابيض', 'atom'), 'بحر أبيض · الميناء', ['أ']],
      [links.facet(BASE, 'author', fold('ليلى حسن')), links.facetFeed('', 'author', fold('ليلى حسن'), 'atom'), 'مقالات ليلى حسن · الميناء', ['أ']],
      [links.facet(BASE, 'language', 'tr'), links.facetFeed('', 'language', 'tr', 'atom'), 'Türkçe · الميناء', ['d']],
      [links.search(BASE, 'أ'), links.searchFeed('', 'أ', 'atom'), 'بحث: أ · الميناء', ['أ']],
    ] // biome-ignore format: one table
    for (const [page, path, title, guids] of wanted) {
      const got = await server.ask(path)
      expect(got.status, path).toBe(200)
      const feed = parseXml(got.body.toString())
      expect(textOf(feed, 'title')).toBe(title)
      expect(linksOf(feed)).toContain(`self ${BASE}${path}`)
      expect(linksOf(feed)).toContain(`alternate ${page}`)
      expect(linksOf(feed).some((link) => link.startsWith('prev-archive'))).toBe(false)
      expect(titlesOf(feed)).toEqual(expect.arrayContaining(guids.map((guid) => `خبر ${guid}`)))
      for (const format of ['rss', 'json']) {
        const other = await server.ask(path.replace('.atom', `.${format}`))
        expect([other.status, other.body.toString().includes(title)]).toEqual([200, true])
      }
    }
  })

  test('any spelling that folds alike leads to the same document, and a name nobody carries to none', async () => {
    await using world = await openPaper(kind)
    await publishAll(world, [{ guid: 'x', tags: ['covid-19', 'covid 19', 'Øl', 'new-york times', 'a/b', 'U.S.'] }])
    await using server = await serveFeeds(world)
    const same = async (paths: string[]) => {
      const answers = await Promise.all(paths.map((path) => server.ask(encodeURI(path))))
      expect(answers.map((answer) => answer.status)).toEqual(paths.map(() => 200))
      expect(new Set(answers.map((answer) => answer.headers.etag)).size).toBe(1)
    }
    await same(['/feeds/section/إقتصاد.rss', '/feeds/section/اقتصاد.rss', '/feeds/section/ إقتصـاد.rss?x=1'])
    await same(['/feeds/tag/بحر-أبيض.rss', '/feeds/tag/بحر ابيض.rss', '/feeds/tag/بحر-ابيض.rss'])
    await same(['/feeds/tag/covid-19.json', '/feeds/tag/Covid 19.json'])
    await same(['/feeds/language/tr.rss', '/feeds/language/TR.rss'])
    const lost = [
      'section/x',
      'tag/nope',
      'author/بحر',
      'language/fr',
      'language/zz-zz-zz',
      'tag/-',
      'tag/ ',
      'language/بحر',
      `tag/${'ا'.repeat(900)}`,
    ]
    for (const name of lost) expect((await server.ask(`/feeds/${encodeURI(name)}.rss`)).status, name).toBe(404)
    for (const path of [
      'tag/%00',
      'tag/%ff',
      'tag/%',
      'tag/%ud800',
      'search',
      "tag/'",
      'language/%',
      'tag/..%2f..%2fx',
    ])
      expect((await server.ask(`/feeds/${path}.rss`)).status, path).toBe(404)
    const tags = await world.read.selectFrom('tag').select('key').execute()
    for (const { key } of tags)
      expect([key, (await server.ask(links.facetFeed('', 'tag', key, 'rss'))).status]).toEqual([key, 200])
  })

  test('a search counts two hundred letters, and is nothing without a word', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    const empty = ['', '?q=', '?q=%20', '?q=!!!', '?x=1', '?q=%00', '?q=%E2%80%8F']
    for (const query of empty) expect((await server.ask(`/feeds/search.rss${query}`)).status, query).toBe(404)
    const long = await server.ask(`/feeds/search.json?q=${'a'.repeat(5000)}`)
    expect(JSON.parse(long.body.toString()).feed_url).toBe(`${BASE}/feeds/search.json?q=${'a'.repeat(200)}`)
    expect((await server.ask('/feeds/search.rss?q=a%ff%25_%27')).status).toBe(200)
    const twice = await Promise.all([
      server.ask('/feeds/search.atom?utm=1&q=%D8%A3'),
      server.ask('/feeds/search.atom?q=%D8%A3'),
    ])
    expect(twice[0]!.headers.etag).toBe(twice[1]!.headers.etag)
  })

  test('tags, dates and ids are the same after a start, on another machine and under another domain', async () => {
    await using world = await openPaper(kind)
    const paths = [
      'section/اقتصاد.atom',
      'tag/بحر-ابيض.rss',
      'author/ليلى-حسن.json',
      'language/tr.atom',
      'search.atom?q=أ',
    ].map((path) => `/feeds/${encodeURI(path)}`)
    const seen = []
    for (let n = 0; n < 3; n++) {
      const machine = n === 0 ? world : await world.again()
      machine.clock.advance({ hours: n })
      await using server = await serveFeeds(machine)
      const answers = await Promise.all(paths.map((path) => server.ask(path)))
      seen.push(answers.map(({ headers, body }) => [headers.etag, headers['last-modified'], body.toString()]))
      if (n > 0) await machine.database.close()
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    const moved: App = { ...world, config: { ...world.config, url: 'https://elsewhere.example' } }
    await using server = await serveFeeds(moved)
    const id = textOf(parseXml((await server.ask(paths[0]!)).body.toString()), 'id')
    expect(id).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(seen[0]![0]![2]).toContain(id)
  })

  test("another process's change is seen, what does not touch a facet builds nothing, what leaves it is gone", async () => {
    await using world = await openPaper(kind)
    const { app, transactions } = counting(world)
    await using server = await serveFeeds(app)
    const path = links.facetFeed('', 'section', 'اقتصاد', 'rss')
    const before = await server.ask(path)
    const other = await world.again()
    other.clock.advance({ minutes: 5 })
    await publishAll(other, [{ guid: 'other', section: 'رياضة' }])
    await settled(world)
    expect((await server.ask(path)).headers.etag).toBe(before.headers.etag)
    expect(transactions()).toBe(1)
    await publishAll(other, [{ guid: 'new', section: 'اقتصاد', published_at: at('2026-11-22T08:00:00Z') }])
    await vi.waitFor(async () => expect((await server.ask(path)).body.toString()).toContain('خبر new'), SEEN)
    const after = await server.ask(path)
    expect(after.headers['last-modified']).toBe('Mon, 23 Nov 2026 04:15:00 GMT')
    expect((await server.ask(path, { 'If-Modified-Since': after.headers['last-modified']! })).status).toBe(304)
    await publishAll(other, [{ guid: 'new', section: 'رياضة', published_at: at('2026-11-22T08:00:00Z') }])
    await vi.waitFor(async () => expect((await server.ask(path)).body.toString()).not.toContain('خبر new'), SEEN)
    expect((await server.ask(path, { 'If-Modified-Since': after.headers['last-modified']! })).status).toBe(200)
    expect((await server.ask(path)).headers.etag).toBe(before.headers.etag)
    await site.set(other, 'cli', { name: 'اسم جديد' })
    await vi.waitFor(async () => expect((await server.ask(path)).body.toString()).toContain('اسم جديد'), SEEN)
    await other.database.close()
  })

  test('what waits for its hour gives a facet no feed before it', async () => {
    await using world = await openPaper(kind)
    await publishAll(world, [
      {
        guid: 'غد',
        tags: ['سر'],
        section: 'سر',
        authors: ['سر'],
        language: 'fa',
        published_at: at('2026-11-23T06:00:00Z'),
      },
    ])
    await using server = await serveFeeds(world)
    const paths = ['tag/سر', 'section/سر', 'author/سر', 'language/fa'].map((path) => `/feeds/${encodeURI(path)}.rss`)
    for (const path of paths) expect((await server.ask(path)).status).toBe(404)
    const language = await server.ask('/feeds/section/%D8%A7%D9%82%D8%AA%D8%B5%D8%A7%D8%AF.rss')
    expect(language.status).toBe(200)
    world.clock.set('2026-11-23T06:00:00Z')
    for (const path of paths) expect((await server.ask(path)).status).toBe(200)
  })

  test('a withdrawn article is gone from them, and Atom says so', async () => {
    await using world = await openPaper(kind)
    await publishAll(world, [{ guid: 'other', tags: ['بحر أبيض'] }])
    await using server = await serveFeeds(world)
    const path = links.facetFeed('', 'tag', 'بحر ابيض', 'atom')
    expect((await server.ask(path)).body.toString()).toContain('خبر أ')
    await withdraw(world, 'أ')
    await vi.waitFor(async () => expect((await server.ask(path)).body.toString()).not.toContain('خبر أ'), SEEN)
    expect((await server.ask(path)).body.toString()).toContain('<at:deleted-entry ref="urn:uuid:')
  })

  test('a flood of made-up names pushes no document of a channel out and keeps nothing without end', async () => {
    await using world = await openPaper(kind)
    const { app, transactions } = counting(world)
    const documents = openDocuments(app, knowPaper(app), () => {}, 200_000)
    await settled(world)
    await documents.fetch(feedTarget('/feeds/all.rss')!)
    expect(documents.ready('/feeds/all.rss')).toBeDefined()
    const paths = Array.from({ length: 300 }, (_, n) => `/feeds/search.rss?q=word${n}`)
    for (let start = 0; start < paths.length; start += 50)
      await Promise.all(paths.slice(start, start + 50).map((path) => documents.fetch(feedTarget(path)!)))
    expect(transactions()).toBe(301)
    expect(documents.ready('/feeds/all.rss')).toBeDefined()
    const kept = paths.filter((path) => documents.ready(path) !== undefined)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThan(30)
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => documents.fetch(feedTarget(`/feeds/search.rss?q=crowd${n}`)!)),
    )
    expect(answers.filter((answer) => answer === undefined).length).toBe(98)
    expect(await documents.fetch(feedTarget('/feeds/tag/nope.rss')!)).toBeNull()
  })
})

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

describe.each(databases)('many articles of one tag on %s', (kind) => {
  test('are read in order, whether the tag is on few of them or on many', async () => {
    await using world = await openMonth(kind, 1100, ['بحر'])
    await publishAll(world, [
      { guid: 'rare', tags: ['نادر', 'بحر'], authors: ['ليلى'], published_at: at('2026-11-01T00:00:00Z') },
    ])
    const now = instant(world.now())
    const many = (await facets.find(world.read, 'tag', 'بحر', now))!
    const few = (await facets.find(world.read, 'tag', 'نادر', now))!
    expect([many.filter.many, few.filter.many]).toEqual([true, undefined])
    const guids = async (filter: channels.Filter) =>
      (await articles.latest(world.read, { filter, now, limit: 3 })).map((story) => story.guid)
    expect(await guids(many.filter)).toEqual(['g1099', 'g1098', 'g1097'])
    expect(await guids({ ...many.filter, author: ['ليلي'] })).toEqual(['rare'])
    expect(await guids(few.filter)).toEqual(['rare'])
  })
})

async function openPaper(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  await site.set(world, 'cli', { name: 'الميناء' })
  await publishAll(world, [
    { guid: 'أ', section: 'اقتصاد', tags: ['بحر أبيض'], authors: ['ليلى حسن'] },
    { guid: 'ب', section: 'رياضة' },
    { guid: 'ج', section: 'إقتصاد', published_at: at('2026-11-19T08:00:00Z') },
    { guid: 'd', language: 'tr', tags: ['deniz'] },
  ])
  return world
}

/** A month of short articles, a minute apart. */
async function openMonth(kind: (typeof databases)[number], n: number, tags: string[] = []): Promise<World> {
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

function withdraw(world: World, guid: string): Promise<unknown> {
  return world.db.transaction().execute((db) => articles.withdraw(db, 'cli', guid, 'كان خطأ', instant(world.now())))
}

async function settled(world: World): Promise<void> {
  if (world.database.kind === 'sqlite') return
  const { version } = await world.read.selectFrom('site').select('version').executeTakeFirstOrThrow()
  await vi.waitFor(() => expect(world.database.version()).toBe(version), SEEN)
}

/** How often a whole document was read. */
function counting(world: World): { app: App; transactions: () => number } {
  let transactions = 0
  const read = new Proxy(world.read, {
    get(target, name) {
      if (name === 'transaction') transactions++
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { app: { ...world, read }, transactions: () => transactions }
}

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

function linksOf(feed: Element): string[] {
  return childrenOf(feed, 'link').map((link) => `${link.attributes['rel']} ${link.attributes['href']}`)
}

function titlesOf(feed: Element): string[] {
  return childrenOf(feed, 'entry').map((entry) => textOf(entry, 'title')!)
}

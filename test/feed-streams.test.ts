import { describe, expect, test, vi } from 'vitest'
import { instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import * as articles from '../src/articles/index.ts'
import type * as channels from '../src/channels.ts'
import * as facets from '../src/facets.ts'
import * as links from '../src/links.ts'
import * as site from '../src/site.ts'
import { fold } from '../src/text.ts'
import { openDocuments } from '../src/web/feed-documents.ts'
import { knowPaper } from '../src/web/feed-paper.ts'
import { feedTarget } from '../src/web/feed-paths.ts'
import { at } from './feed-input.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { BASE, linksOf, NOW, openMonth, SEEN, settled, titlesOf, withdraw } from './feed-stream.ts'
import { databases, openWorld, type World } from './world.ts'
import { parseXml, textOf } from './xml.ts'

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

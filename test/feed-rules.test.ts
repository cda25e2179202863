import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as digests from '../src/digests/index.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { build } from '../src/syndication/index.ts'
import { writeOpml } from '../src/syndication/opml.ts'
import { oneLine } from '../src/text.ts'
import { handler } from '../src/web/server.ts'
import { at, HOSTILE, input, PICTURE, story } from './feed-input.ts'
import { JsonFeed, rssFaults } from './feed-rules.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { databases, openWorld, type World } from './world.ts'
import { childrenOf, type Element, parseXml, textOf } from './xml.ts'

const BASE = 'https://news.example'
const PATHS = [
  '/feeds/all', '/feeds/arabic', '/feeds/turkce', '/feeds/english', '/feeds/short', '/feeds/section/اقتصاد', '/feeds/tag/بحر', '/feeds/author/ليلي',
  '/feeds/language/ar', '/feeds/language/tr', '/feeds/language/en', '/feeds/editions/morning', '/feeds/search',
].map(encodeURI) // biome-ignore format: one list

test('the rules find what is wrong', () => {
  const good = build(input([story(1, { picture: PICTURE })]), 'rss').body.toString()
  const address = `${BASE}/feeds/all.rss`
  expect(rssFaults(good, address)).toEqual([])
  const spoilt: [RegExp, string][] = [
    [/<ttl>5<\/ttl>/, ''],
    [/<guid[^>]*>/, '<guid>'],
    [/ length="\d+"/, ''],
    [/<pubDate>[^<]*/, '<pubDate>2026-11-20'],
    [/<link>https[^<]*<\/link>/, '<link>/a/b</link>'],
    [/<item>/, '<item><author>x</author>'],
    [/<item>/, '<item><wrong/>'],
    [/<item>/, '<item><dc2:x/>'],
    [/rel="self"/, 'rel="alternate"'],
    [/<p>نص/, '<p><a href="/x">نص</a>'],
    [/<p>نص/, '<p onclick="x">نص'],
    [/<language>ar/, '<language>عربي'],
  ]
  for (const [piece, instead] of spoilt)
    expect(rssFaults(good.replace(piece, instead), address), String(piece)).not.toEqual([])
  expect(rssFaults(good, `${address}x`)).not.toEqual([])
})

test('hostile articles and names break none of the rules', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      const given = input([story(1), story(9, { ...HOSTILE, title: `${a} ]]> ${b}`, tags: [a, b], authors: [b, a] })], {
        site: { name: a, tagline: b },
        channel: { title: b, slug: 'x' },
        logo: PICTURE,
      })
      expect(rssFaults(build(given, 'rss').body.toString(), `${BASE}/feeds/x.rss`)).toEqual([])
      JsonFeed.parse(JSON.parse(build(given, 'json').body.toString()))
    }),
    { numRuns: 200 },
  )
})

describe.each(databases)('documents as served on %s', (kind) => {
  test('every RSS and JSON document keeps the rules, whatever its stream', async () => {
    await using world = await newsroom(kind)
    await using server = await serveFeeds(world)
    for (const path of PATHS) {
      const query = path.endsWith('search') ? `?q=${encodeURIComponent('خبر')}` : ''
      const rss = await server.ask(`${path}.rss${query}`)
      expect([path, rss.status]).toEqual([path, 200])
      expect([path, rssFaults(rss.body.toString(), `${BASE}${path}.rss${query}`)]).toEqual([path, []])
      const json = JsonFeed.parse(JSON.parse((await server.ask(`${path}.json${query}`)).body.toString()))
      expect(json.feed_url).toBe(`${BASE}${path}.json${query}`)
      expect(json.items.length).toBeGreaterThan(0)
    }
  })

  test("a digest's editions are a feed: an entry each, with its headlines, that says what was withdrawn", async () => {
    await using world = await newsroom(kind)
    await using server = await serveFeeds(world)
    const ask = async (format: string) => (await server.ask(`/feeds/editions/morning.${format}`)).body.toString()
    const feed = parseXml(await ask('atom'))
    expect([textOf(feed, 'title'), feed.attributes['xml:lang']]).toEqual(['نشرة الصباح', 'ar'])
    const [entry, ...more] = childrenOf(feed, 'entry')
    expect(more).toEqual([])
    expect(textOf(entry!, 'id')).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
    expect(textOf(entry!, 'title')).toContain('23/11/2026')
    expect(textOf(entry!, 'published')).toBe('2026-11-23T05:00:00.000Z')
    expect(childrenOf(entry!, 'link')[0]!.attributes['href']).toBe(`${BASE}/editions/morning/2026-11-23`)
    const headlines = textOf(entry!, 'content')!
    expect(headlines).toMatch(/^<div dir="rtl" lang="ar"><ul>\n<li><a href="https:\/\/news\.example\/a\//)
    expect(headlines).toContain('خبر واحد')
    const { headers } = await server.ask('/feeds/editions/morning.atom')

    world.clock.advance({ hours: 1 })
    await digests.withdraw(world, 'cli', 'واحد', 'كان <خطأ>')
    await vi.waitFor(async () => expect(await ask('atom')).not.toContain('خبر واحد'), { timeout: 5000, interval: 20 })
    const after = childrenOf(parseXml(await ask('atom')), 'entry')[0]!
    expect(textOf(after, 'content')).toContain('<li>سُحب هذا الخبر · كان &#60;خطأ&#62;</li>')
    expect(textOf(after, 'title')).toMatch(/ · 23\/11\/2026$/)
    expect([textOf(after, 'id'), textOf(after, 'published')]).toEqual([
      textOf(entry!, 'id'),
      '2026-11-23T05:00:00.000Z',
    ])
    expect(textOf(after, 'updated')).toBe('2026-11-23T06:00:00.000Z')
    expect((await server.ask('/feeds/editions/morning.atom', { 'If-None-Match': headers.etag! })).status).toBe(200)

    const other = await world.again()
    await using second = await serveFeeds(other)
    expect((await second.ask('/feeds/editions/morning.atom')).body.toString()).toBe(await ask('atom'))
    await other.database.close()
    for (const path of ['nope', 'Morning', 'morning/x']) {
      expect((await server.ask(`/feeds/editions/${path}.atom`)).status).toBeGreaterThanOrEqual(404)
    }
  })

  test('a digest without editions has an empty feed', async () => {
    await using world = await newsroom(kind, 'silent')
    await using server = await serveFeeds(world)
    const got = await server.ask('/feeds/editions/morning.rss')
    expect(rssFaults(got.body.toString(), `${BASE}/feeds/editions/morning.rss`)).toEqual([])
    expect(got.body.toString()).not.toContain('<item>')
  })

  test('one file lists all feeds, and each address in it is served', async () => {
    await using world = await newsroom(kind)
    await channels.add(world, 'cli', {
      slug: 'odd',
      title: '"><outline/> & \u202e]]> $&',
      filter: { section: ['اقتصاد'] },
    })
    const pages = handler(world)
    const got = await pages.request('/feeds.opml')
    expect(got.headers.get('content-type')).toBe('text/x-opml; charset=utf-8')
    expect(got.headers.get('cache-control')).toBe('public, max-age=60')
    const opml = parseXml(await got.text())
    expect([opml.name, opml.attributes['version']]).toEqual(['opml', '2.0'])
    const feeds = outlines(opml).filter((one) => one['type'] === 'rss')
    const titles = feeds.map((one) => one['text'])
    expect(titles).toEqual(
      expect.arrayContaining(['الميناء', 'العربية', 'Türkçe', 'اقتصاد', 'نشرة الصباح', '"><outline/> & ]]> $&']),
    )
    expect(feeds.find((one) => one['text'] === 'Türkçe')).toEqual({
      type: 'rss',
      text: 'Türkçe',
      title: 'Türkçe',
      xmlUrl: `${BASE}/feeds/turkce.rss`,
      htmlUrl: `${BASE}/c/turkce`,
      language: 'tr',
    })
    await using server = await serveFeeds(world)
    for (const { xmlUrl } of feeds)
      expect([xmlUrl, (await server.ask(xmlUrl!.slice(BASE.length))).status]).toEqual([xmlUrl, 200])
    const again = await pages.request('/feeds.opml', { headers: { 'If-None-Match': got.headers.get('etag')! } })
    expect(again.status).toBe(304)
  })
})

test('a list of feeds is well-formed whatever they are called', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (title) => {
      const one = { title, xmlUrl: `${BASE}/feeds/x.rss`, htmlUrl: `${BASE}/c/x`, language: 'ar' }
      const [group] = childrenOf(
        childrenOf(parseXml(writeOpml(title, [{ title, outlines: [one] }])), 'body')[0]!,
        'outline',
      )
      expect(group!.attributes['text']).toBe(oneLine(title))
      expect(group!.children).toHaveLength(1)
    }),
  )
})

async function newsroom(kind: (typeof databases)[number], silent?: 'silent'): Promise<World> {
  const world = await openWorld(kind, '2026-11-23T05:00:00Z')
  await site.set(world, 'cli', { name: 'الميناء', tagline: 'أخبار البحر' })
  for (const [slug, title, language] of [
    ['arabic', 'العربية', 'ar'],
    ['turkce', 'Türkçe', 'tr'],
    ['english', 'English', 'en'],
  ] as const)
    await channels.add(world, 'cli', { slug, title, filter: { language: [language] } })
  await channels.add(world, 'cli', { slug: 'short', title: 'مختصر', filter: {}, summary: true })
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'نشرة الصباح', language: 'ar', public: true })
  await subscribers.importCsv(world, 'cli', Readable.from(['email\na@example.org\n']), { list: 'daily' })
  await digests.add(world, 'cli', { slug: 'morning', channel: 'all', list: 'daily', at: '08:00' })
  const shared = { section: 'اقتصاد', tags: ['بحر'], authors: ['ليلى'], credit: 'الأناضول' }
  await publishAll(world, [
    { guid: 'واحد', ...shared, published_at: at('2026-11-23T04:00:00Z') },
    {
      guid: 'اثنان',
      ...shared,
      published_at: at('2026-11-22T04:00:00Z'),
      image: { url: 'https://img.example/a.jpg?a=1&b=2' },
    },
    { guid: 'bir', title: 'Haber', language: 'tr', published_at: at('2026-11-22T05:00:00Z') },
    { guid: 'one', title: 'Story & <more>', language: 'en', published_at: at('2026-11-22T06:00:00Z') },
  ])
  const hostile = articles.readRow(
    {
      ...HOSTILE,
      byline: [...HOSTILE.authors!, 'ليلى'],
      tags: [...HOSTILE.tags!, 'بحر'],
      section: 'اقتصاد',
      guid: 'hostile',
      image: HOSTILE.image_url,
      published_at: at('2026-11-22T07:00:00Z'),
    },
    { language: 'ar', zone: 'Europe/Istanbul' },
  )
  if ('draft' in hostile) await articles.publish(world, 'cli', [hostile.draft])
  if (!silent) expect(await digests.composeNow(world, 'cli', 'morning')).toMatchObject({ state: 'composed' })
  expect(await articles.count(world.read, { now: instant(world.now()) })).toBe(5)
  return world
}

function outlines(element: Element): Record<string, string>[] {
  return element.children.flatMap((child) => [child.attributes, ...outlines(child)])
}

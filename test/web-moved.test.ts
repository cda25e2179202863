import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressesOf } from '../db/addresses.ts'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as links from '../src/links.ts'
import { handler } from '../src/web/server.ts'
import { readAddress } from '../src/wordpress/addresses.ts'
import { at, get, NOW, publish } from './site.ts'
import { databases, openWorld, type World } from './world.ts'

const SLUG = 'عودة-العبارات-الليلية-إلى-البوسفور-بعد-غياب-تسع-سنوات-كاملة-عن-الضفتين'
const ENCODED = encodeURIComponent(SLUG)
const CUT = 198 // bytes: 33 letters, the most that fit WordPress's 200

/** A story as an import from WordPress leaves it. */
async function old(world: World, url: string, number = 123) {
  const [story] = await publish(world, { title: 'عودة العبّارات', guid: `https://old.example/?p=${number}`, url })
  return { story: story!, home: links.article('', story!) }
}

async function leads(world: World, path: string): Promise<string | number | null> {
  const { status, location } = await get(world, path)
  return status === 301 ? location : status
}

describe.each(databases)('the addresses of a WordPress site on %s', (kind) => {
  test('every address of its feed leads to ours, of the same format', async () => {
    await using world = await openWorld(kind, NOW)
    const feeds = {
      rss: ['/feed/', '/feed', '/feed/rss/', '/feed/rss2', '/feed/rdf/', '/?feed=rss2', '/?feed=rss', '/?feed=rdf', '/comments/feed/', '/rss.xml', '/feed.xml', '/index.xml', '/wp-rss2.php', '/index.php/feed/', '/%66eed/'],
      atom: ['/feed/atom/', '/feed/atom', '/?feed=atom', '/atom.xml', '/comments/feed/atom/'],
      json: ['/feed.json', '/feed/json/'],
    } // biome-ignore format: three lists
    for (const [format, paths] of Object.entries(feeds)) {
      for (const path of paths) expect([path, await leads(world, path)]).toEqual([path, `/feeds/all.${format}`])
    }
    expect(await leads(world, '/?feed=nonsense')).toBe(200)
    expect(await leads(world, '/feed/nonsense')).toBe(404)
    for (const path of ['/feed/rss2/more', '/feed/constructor', '/feed/__proto__', '/feed/x/y'])
      expect([path, await leads(world, path)]).toEqual([path, 404])
    expect(await leads(world, '/?feed=__proto__')).toBe(200)
    expect(await leads(world, '/?feed=rss2&p=5')).toBe('/feeds/all.rss') // what was said about a story
  })

  test('a category leads to our section, else the tag, else the channel; without any its feed leads to all the news', async () => {
    await using world = await openWorld(kind, NOW)
    await publish(world, { title: 'خبر', section: 'سياسة خارجية', tags: ['الانتخابات'], authors: ['هالة القباني'] })
    await channels.add(world, 'test', { slug: 'economy', title: 'الاقتصاد', filter: { section: ['اقتصاد'] } })
    const section = encodeURIComponent('سياسه-خارجيه')
    const tag = encodeURIComponent('الانتخابات')
    const author = encodeURIComponent('هاله-القباني')
    const given = encodeURIComponent('سياسة-خارجية')
    for (const [path, to] of [
      [`/category/${given}/`, `/section/${section}`],
      [`/category/news/${given.toLowerCase()}`, `/section/${section}`],
      [`/category/${encodeURIComponent(given)}/page/3/`, `/section/${section}`],
      [`/category/news/${given}/feed/`, `/feeds/section/${section}.rss`],
      [`/category/${given}/feed/atom`, `/feeds/section/${section}.atom`],
      [`/category/${tag}/feed/`, `/feeds/tag/${tag}.rss`],
      ['/category/economy/', '/c/economy'],
      ['/category/economy/feed/', '/feeds/economy.rss'],
      ['/category/unknown/feed/', '/feeds/all.rss'],
      ['/category/unknown/', '/category/unknown'], // a slash too many, and then nothing
      ['/category/unknown', 404],
      [`/tag/${tag}/feed/`, `/feeds/tag/${tag}.rss`],
      [`/tag/${tag}/feed/atom/`, `/feeds/tag/${tag}.atom`],
      [`/tag/${tag}/`, `/tag/${tag}`],
      [`/tag/${tag}/page/2/`, `/tag/${tag}`],
      [`/author/${given}/feed/`, '/feeds/all.rss'],
      [`/author/${encodeURIComponent('هالة-القباني')}/feed/`, `/feeds/author/${author}.rss`],
      [`/author/${encodeURIComponent('هالة-القباني')}/`, `/author/${author}`],
    ] as const) {
      expect([path, await leads(world, path)]).toEqual([path, to])
    }
  })

  test('a number leads to the story that has it, wherever it is written; withdrawn ones to their notice', async () => {
    await using world = await openWorld(kind, NOW)
    const { home } = await old(world, 'https://old.example/a/', 123)
    const [page, plain] = await publish(
      world,
      { title: 'صفحة', guid: 'http://www.old.example/?page_id=7' },
      { title: 'بلا رابط دائم', guid: 'other-1', url: 'http://old.example/?p=55' },
      { title: 'لم تحن ساعته', guid: 'https://old.example/?p=77', at: at(-5) },
    )
    expect(await leads(world, '/?p=123')).toBe(home)
    expect(await leads(world, '/?p=0123&utm_source=x')).toBe(home)
    expect(await leads(world, '/?page_id=7')).toBe(links.article('', page!))
    expect(await leads(world, '/?p=55')).toBe(links.article('', plain!))
    for (const path of ['/?p=77', '/?p=12', '/?p=1230', '/?p=999999999999999', '/?p=12%003']) {
      expect([path, await leads(world, path)]).toEqual([path, /\d{13}|%/.test(path) ? 200 : 404])
    }
    await articles.withdraw(world.db, 'test', 'other-1', '', instant(world.now()))
    expect(await leads(world, '/?p=55')).toBe(`/a/${plain!.public_id}`)
    expect((await get(world, `/a/${plain!.public_id}`)).status).toBe(410)
  })

  test('a story is found by the path it had, however that is spelled', async () => {
    await using world = await openWorld(kind, NOW)
    const { home, story } = await old(world, `http://www.old.example/2025/12/${ENCODED.slice(0, CUT)}/`)
    const cut = ENCODED.slice(0, CUT)
    for (const path of [
      `/2025/12/${cut}/`,
      `/2025/12/${cut}`,
      `/2025/12/${cut.toLowerCase()}/`,
      `/2025/12/${encodeURIComponent(cut)}/`,
      `/2025/12/${encodeURIComponent(encodeURIComponent(cut))}/`,
      `/2025//12/${cut}/?utm_source=rss#top`,
      `/index.php/2025/12/${cut}/`,
      `/2025/12/${ENCODED}/`, // as it was before WordPress cut it
      ...[1, 2, 3, 4, 5, 6, 30].flatMap((n) => [`/2025/12/${cut.slice(0, -n)}`, `/2025/12/${cut.slice(0, -n)}/`]),
      `/2025/12/${encodeURIComponent(cut).slice(0, -3)}`,
    ]) {
      expect([path, await leads(world, path)]).toEqual([path, home])
    }
    for (const path of ['/2025/12/', '/2025', `/2024/12/${cut}`, `/2025/12/${cut.slice(0, 24)}`, `/${cut}`]) {
      expect([path, await leads(world, path)]).not.toEqual([path, home])
    }
    await articles.withdraw(world.db, 'test', story.guid, '', instant(world.now()))
    expect(await leads(world, `/2025/12/${cut}/`)).toBe(`/a/${story.public_id}`)
  })

  test('a beginning that several stories share leads to none, an address that several had to our own newest', async () => {
    await using world = await openWorld(kind, NOW)
    const [first, second] = await publish(
      world,
      { title: 'أول', url: 'https://old.example/story-of-the-bridge-one', at: at(3) },
      { title: 'ثانٍ', url: 'https://www.old.example/story-of-the-bridge-two', at: at(2) },
      { title: 'ثالث', url: 'https://old.example/same', at: at(2) },
    )
    const [newer] = await publish(world, { title: 'رابع', url: 'http://elsewhere.example/same/', at: at(1) })
    expect(await leads(world, '/story-of-the-bridge')).toBe(404)
    expect(await leads(world, '/story-of-the-bridge-o')).toBe(links.article('', first!))
    expect(await leads(world, '/story-of-the-bridge-two/')).toBe(links.article('', second!))
    expect(await leads(world, '/same')).toBe(links.article('', newer!))
  })

  test('what a story was called before still leads to it after its address has changed', async () => {
    await using world = await openWorld(kind, NOW)
    await old(world, 'https://old.example/first-name/')
    const { home } = await old(world, 'https://old.example/second-name/')
    expect(await leads(world, '/first-name/')).toBe(home)
    expect(await leads(world, '/second-name')).toBe(home)
  })

  test('nothing leads to another site or breaks, whatever is asked', async () => {
    await using world = await openWorld(kind, NOW)
    await old(world, 'https://old.example/2025/story/')
    for (const path of ['//evil.example/2025/story/', '/%2f%2fevil.example/', '/\\evil.example/', '/category//evil.example/feed/', '/2025/story%00/', '/%00', '/feed/%00', '/tag/%00/feed/', '/category/%00', `/${'a'.repeat(7000)}`, `/tag/${'%D8%A7'.repeat(1500)}/feed/`, '/section/%00', '/author/%ED%A0%80', '/language/%00', '/language/zz-', '//evil.example/wp-content/uploads/a.jpg', '/wp-content/uploads/%00.jpg', '/wp-content/uploads/..%2f..%2fetc/passwd.jpg', '/wp-content/uploads/%ED%A0%80.png', `/wp-content/uploads/${'-1x1'.repeat(1800)}.jpg`, `/language/${'a'.repeat(3000)}`]) {
      const { status, location } = await get(world, path)
      expect([path, status]).toEqual([path, status === 404 ? 404 : 301])
      if (location) expect(location).toMatch(/^\/[^/\\]/)
    } // biome-ignore format: one list
    expect((await handler(world).request('/2025/story/', { method: 'POST' })).status).toBe(404)
  })
})

test('an address is read or refused, never more, whatever it holds; what was stored is found again', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('%', '%D8', '%D8%A', '/', '..', 'feed', 'category'),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = `https://old.example/${pieces.map((one) => encodeURI(one.toWellFormed())).join('/')}`
      if (!URL.canParse(text)) return
      const asked = readAddress(new URL(text))
      const [stored] = addressesOf({ guid: 'x', url: text })
      if (asked?.asks === 'story' && !new URL(text).search) expect(asked.addresses).toContain(stored)
      if (stored) expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(2600)
    }),
  )
})

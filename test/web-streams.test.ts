import { Readable } from 'node:stream'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as digests from '../src/digests/index.ts'
import * as links from '../src/links.ts'
import * as media from '../src/media.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { serveFeeds } from './feed-server.ts'
import { alternates, article, at, get, headlines, NOW, publish } from './site.ts'
import { databases, openWorld, type World } from './world.ts'

describe.each(databases)('what stories are gathered by, on %s', (kind) => {
  test('a name with a percentage in it has a page and a feed', async () => {
    await using world = await openWorld(kind, NOW)
    await publish(world, {
      title: 'Asgari ücrete zam',
      language: 'tr',
      section: '%50 zam',
      tags: ['%50 zam'],
      at: at(1),
    })
    for (const facet of ['section', 'tag'] as const) {
      expect(links.facet('', facet, '%50-zam')).toBe(`/${facet}/%2550-zam`)
      expect((await get(world, `/${facet}/%2550-zam`)).status).toBe(200)
    }
    await using server = await serveFeeds(world)
    expect((await server.ask('/feeds/tag/%2550-zam.rss')).status).toBe(200)
  })

  test('a damaged row costs its own story a picture or a direction, and no page its answer', async () => {
    await using world = await openWorld(kind, NOW)
    const picture = await media.keep(
      world,
      await sharp({ create: { width: 400, height: 300, channels: 3, background: '#369' } })
        .jpeg()
        .toBuffer(),
    )
    const [one] = await publish(
      world,
      { title: 'خبر', image: { id: picture.id }, at: at(2) },
      { title: 'سليم', at: at(1) },
    )
    await world.db.updateTable('image').set({ variants: '{bad' }).execute()
    await world.db.updateTable('article').set({ language: '!!bad' }).where('id', '=', one!.id).execute()
    for (const path of ['/', '/c/all', '/search?q=خبر', '/news-sitemap.xml', `/r/${one!.public_id}`])
      expect([path, (await get(world, path)).status]).toEqual([path, path.startsWith('/r/') ? 301 : 200])
    expect((await article(world, one!)).status).toBe(200)
  })

  test('a section, a tag, an author and a language each have pages with their stories', async () => {
    await using world = await openWorld(kind, NOW)
    await publish(
      world,
      ...Array.from({ length: 21 }, (_, n) => ({ title: `خبر رقم ${n}`, at: at(n + 1), section: 'سياسة خارجية', tags: ['كوفيد-19 في تركيا'], authors: ['هالة القبّاني'] })),
      { title: 'غيره', at: at(30) },
      { title: 'A story', language: 'en-GB', at: at(31) },
    ) // biome-ignore format: one list
    for (const [kind, key, name] of [
      ['section', 'سياسه-خارجيه', 'سياسة خارجية'],
      ['tag', 'كوفيد-19-في-تركيا', 'كوفيد-19 في تركيا'],
      ['author', 'هاله-القباني', 'هالة القبّاني'],
    ] as const) {
      const path = `/${kind}/${encodeURIComponent(key)}`
      expect(links.facet('', kind, key)).toBe(path)
      const page = await get(world, path)
      expect([path, page.status]).toEqual([path, 200])
      expect(page.text).toContain(`<h1 dir="auto">${name}</h1>`)
      expect(page.text).toContain(`<link rel="canonical" href="https://news.example${path}">`)
      expect(alternates(page.text).slice(0, 3)).toEqual(
        ['rss', 'atom', 'json'].map((format) => `https://news.example/feeds${path}.${format}`),
      )
      expect(headlines(page.text)).toEqual(Array.from({ length: 20 }, (_, n) => `خبر رقم ${n}`))
      expect(headlines((await get(world, `${path}/page/2`)).text)).toEqual(['خبر رقم 20'])
      expect((await get(world, `${path}/page/3`)).status).toBe(404)
      expect(await get(world, `${path}/page/1`)).toMatchObject({ status: 301, location: path })
    }
    expect(headlines((await get(world, '/language/en')).text)).toEqual(['A story'])
    expect((await get(world, '/language/en')).text).toContain('<html lang="en" dir="ltr">')
    expect(await get(world, '/language/EN-gb')).toMatchObject({ status: 301, location: '/language/en-GB' })
  })

  test('any spelling that readers take for the same leads to the one address', async () => {
    await using world = await openWorld(kind, NOW)
    await publish(world, { title: 'خبر', tags: ['إدلب الكبرى', 'R&D / 100% #1', 'İstanbul'] })
    const right = links.facet('', 'tag', 'ادلب الكبري')
    for (const other of ['إدلب الكبرى', 'ادلب-الكبرى', 'إدلب-الكُبْرَى', 'ادلب الكبري']) {
      const answer = await get(world, `/tag/${encodeURIComponent(other)}`)
      expect([other, answer.status, answer.location]).toEqual([other, 301, right])
    }
    expect((await get(world, `/tag/${encodeURIComponent(encodeURIComponent('إدلب-الكبرى'))}`)).location).toBe(right)
    expect((await get(world, right)).status).toBe(200)
    expect((await get(world, right.toLowerCase())).status).toBe(200)
    expect((await get(world, links.facet('', 'tag', 'r&d / 100% #1'))).status).toBe(200)
    expect((await get(world, '/tag/ISTANBUL')).location).toBe('/tag/istanbul')
  })

  test('what no story has that can be read is not there', async () => {
    await using world = await openWorld(kind, NOW)
    const [story] = await publish(
      world,
      { title: 'سُحب', tags: ['وسم'], section: 'قسم', authors: ['كاتب'], language: 'tr' },
      { title: 'غدًا', tags: ['آت'], section: 'آت', at: at(-5) },
    )
    await articles.withdraw(world.db, 'test', story!.guid, '', instant(world.now()))
    for (const path of ['/tag/وسم', '/section/قسم', '/author/كاتب', '/language/tr', '/tag/آت', '/section/ات', '/language/xx', '/language/-', '/tag/', '/section/x/page/2']) {
      expect([path, (await get(world, encodeURI(path))).status]).toEqual([path, path === '/tag/' ? 301 : 404])
    } // biome-ignore format: one list
  })

  test('an article links to more of its section, its authors and its tags, and each of them is there', async () => {
    await using world = await openWorld(kind, NOW)
    const [story] = await publish(world, {
      title: 'خبر',
      section: 'سوق <المال>',
      authors: ['هالة', 'Kerem'],
      tags: ['100%', 'a/b', 'قمح'],
    })
    const { text } = await article(world, story!)
    const hrefs = [...text.matchAll(/href="(\/(?:section|author|tag)\/[^"]+)"/g)].map(([, href]) => href!)
    expect(hrefs).toHaveLength(6)
    for (const href of hrefs) expect([href, (await get(world, href)).status]).toEqual([href, 200])
    expect((await get(world, '/')).text).toContain(hrefs[0])
    await channels.add(world, 'test', { slug: 'market', title: 'السوق', filter: { section: ['سوق <المال>'] } })
    expect((await article(world, story!)).text).toContain('<p class="section"><a href="/c/market">')
  })

  test('a paper says of itself what it has set, and nothing else is linked', async () => {
    await using world = await openWorld(kind, NOW)
    const names = site.standingPages
    for (const name of names) expect((await get(world, `/${name}`)).status).toBe(404)
    expect((await get(world, '/')).text).not.toContain('href="/about"')
    await site.set(world, 'test', {
      imprint: 'الناشر: دار المضيق\nشارع المرفأ 12\n\nهاتف: <212>',
      about: '<h1>من نحن</h1><script>alert(1)</script><p onclick="x()">نكتب <b>بالعربية</b></p>',
      contact: ' \n ',
    })
    const about = (await get(world, '/about')).text
    expect(about).toContain('<h2>من نحن</h2><p>نكتب <b>بالعربية</b></p>')
    expect(about).toContain('<link rel="canonical" href="https://news.example/about">')
    expect((await get(world, '/imprint')).text).toMatch(
      /<p>الناشر: دار المضيق<br \/>\s*شارع المرفأ 12<\/p>\s*<p>هاتف: &lt;212&gt;<\/p>/,
    )
    expect((await get(world, '/contact')).status).toBe(404)
    const order = [...(await get(world, '/')).text.matchAll(/<li><a href="\/(about|contact|privacy|imprint)">/g)]
    expect(order.map(([, name]) => name)).toEqual(['about', 'imprint'])
    await site.set(world, 'test', { about: '' })
    expect((await get(world, '/about')).status).toBe(404)
  })

  test('a digest has its months, each day with the days beside it, and its feeds', async () => {
    await using world = await openWorld(kind, '2025-10-30T15:00:00Z')
    await daily(world, ['2025-10-30', '2025-10-31', '2025-11-01', '2025-11-02'])
    const all = (await get(world, '/editions')).text
    for (const path of [
      '/editions/morning',
      '/editions/morning/2025-11-02',
      '/editions/morning/2025-11',
      '/editions/morning/2025-10',
    ])
      expect(all).toContain(`href="${path}"`)
    expect(all).not.toContain('href="/editions/morning/2025-11-01"')
    const newest = (await get(world, '/editions/morning')).text
    expect(days(newest)).toEqual(['2025-11-02', '2025-11-01'])
    expect(newest).toContain('<span aria-current="page">تشرين\u00a0الثاني / نوفمبر 2025</span>')
    expect(newest).toContain('<p class="excerpt">خبر 2025-11-02</p>')
    expect(newest).toContain('<p class="date">خبر واحد</p>')
    expect(alternates(newest)[0]).toBe('https://news.example/feeds/editions/morning.rss')
    expect(days((await get(world, '/editions/morning/2025-10')).text)).toEqual(['2025-10-31', '2025-10-30'])
    const day = (await get(world, '/editions/morning/2025-10-31')).text
    expect(day).toContain('href="/editions/morning/2025-11-01" rel="next"')
    expect(day).toContain('href="/editions/morning/2025-10-30" rel="prev"')
    expect(alternates(day)[0]).toBe('https://news.example/feeds/editions/morning.rss')
    expect((await get(world, '/editions/morning/2025-11-02')).text).not.toContain('rel="next"')
    for (const path of [
      '/editions/evening',
      '/editions/morning/2025-12',
      '/editions/morning/2025-99',
      '/editions/morning/0000-00',
    ])
      expect([path, (await get(world, path)).status]).toEqual([path, 404])
    expect((await get(world, '/sitemap.xml')).text).toContain(
      '<loc>https://news.example/editions/morning/2025-10</loc>',
    )
  })

  test('the page of feeds explains itself and names every channel, section and digest', async () => {
    await using world = await openWorld(kind, '2025-10-30T15:00:00Z')
    await daily(world, ['2025-10-30'])
    await publish(
      world,
      { title: 'خبر', section: 'اقتصاد السوق', at: at(2000) },
      { title: 'آخر', section: 'رياضة', at: at(2000) },
    )
    const { text } = await get(world, '/feeds')
    expect(text).toContain('href="/feeds.opml"')
    for (const feed of [
      'all',
      'news',
      `section/${encodeURIComponent('اقتصاد-السوق')}`,
      `section/${encodeURIComponent('رياضه')}`,
      'editions/morning',
    ])
      for (const format of ['rss', 'atom', 'json']) expect(text).toContain(`href="/feeds/${feed}.${format}"`)
  })
})

/** A digest with an edition of one story on each of these days. */
async function daily(world: World, on: string[]): Promise<void> {
  await channels.add(world, 'test', { slug: 'news', title: 'الأخبار', filter: {} })
  await subscribers.addList(world, 'test', { slug: 'daily', title: 'القائمة', language: 'ar', public: true })
  await subscribers.importCsv(world, 'test', Readable.from(['email\nreader@example.org\n']), { list: 'daily' })
  await digests.add(world, 'test', {
    slug: 'morning',
    title: 'نشرة الصباح',
    channel: 'news',
    list: 'daily',
    at: '08:00',
  })
  for (const day of on) {
    world.clock.set(`${day}T15:00:00Z`)
    await publish(world, { title: `خبر ${day}`, at: `${day}T14:00:00Z` })
    expect((await digests.composeNow(world, 'test', 'morning')).state).toBe('composed')
  }
}

function days(text: string): string[] {
  return [...text.matchAll(/<p class="digest"><a href="\/editions\/morning\/([\d-]{10})">/g)].map(([, day]) => day!)
}

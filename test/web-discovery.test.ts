import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as links from '../src/links.ts'
import * as media from '../src/media.ts'
import * as site from '../src/site.ts'
import { article, at, decoded, drawing, get, NOW, publish } from './site.ts'
import { databases, openWorld, type World } from './world.ts'
import { childrenOf, type Element, parseXml } from './xml.ts'

const BASE = 'https://news.example'

describe.each(databases)('discovery on %s', (kind) => {
  test('the sitemap names all that can be read and nothing else', async () => {
    await using world = await openWorld(kind, NOW)
    const [first, second, gone] = await publish(
      world,
      { title: 'خبر & «خبر»', at: at(2) },
      { title: 'خبر آخر', at: at(1) },
      { title: 'خبر خاطئ' },
      { title: 'خبر الغد', at: at(-24) },
    )
    await articles.withdraw(world.db, 'test', gone!.guid, '', instant(world.now()))
    await channels.add(world, 'test', { slug: 'economy', title: 'الاقتصاد', filter: {} })
    await site.set(world, 'test', { about: 'من نحن' })
    const urls = await entries(world, '/sitemap.xml', 'urlset', 'url')
    expect(urls.map(({ loc }) => loc)).toEqual([
      `${BASE}/`,
      `${BASE}/c/all`,
      `${BASE}/c/economy`,
      `${BASE}/about`,
      `${BASE}/feeds`,
      `${BASE}/editions`,
      links.article(BASE, first!),
      links.article(BASE, second!),
    ])
    expect(urls.at(-1)!['lastmod']).toBe(new Date(at(1)).toISOString())
    for (const path of ['/sitemap-2.xml', '/sitemap-00000.xml.gz', '/sitemap-99999.xml'])
      expect([path, (await get(world, path)).status]).toEqual([path, 404])
  })

  test('past 50,000 addresses the sitemap lists sitemaps, each story in one of them', async () => {
    await using world = await openWorld(kind, NOW)
    const [story] = await publish(world, { title: 'خبر' })
    await copies(world, story!.id, 50_001)
    const parts = await entries(world, '/sitemap.xml', 'sitemapindex', 'sitemap')
    expect(parts.map(({ loc }) => loc)).toEqual([0, 1, 2].map((n) => `${BASE}/sitemap-${n}.xml`))
    const all = []
    for (const { loc } of parts) all.push(...(await entries(world, loc!.slice(BASE.length), 'urlset', 'url')))
    const stories = new Set(all.map(({ loc }) => loc).filter((loc) => loc!.startsWith(`${BASE}/a/`)))
    expect(stories.size).toBe(50_002)
  }, 120_000)

  test('the news sitemap has the last two days, a thousand at most, each in its language', async () => {
    await using world = await openWorld(kind, NOW)
    await site.set(world, 'test', { name: 'جريدة & المضيق' })
    const [gone] = await publish(
      world,
      { title: 'خبر خاطئ' },
      { title: 'قديم', at: at(49) },
      { title: 'خبر <اليوم>', at: at(2) },
      { title: 'Bugünün haberi', language: 'tr-TR', at: at(47) },
      { title: 'غدًا', at: at(-1) },
    )
    await articles.withdraw(world.db, 'test', gone!.guid, '', instant(world.now()))
    const root = parseXml((await get(world, '/news-sitemap.xml')).text)
    expect(root.attributes['xmlns:news']).toBe('http://www.google.com/schemas/sitemap-news/0.9')
    const news = childrenOf(root, 'url').map((url) => childrenOf(url, 'news:news')[0]!)
    expect(news.map((one) => childrenOf(one, 'news:title')[0]!.text)).toEqual(['خبر <اليوم>', 'Bugünün haberi'])
    const [publication] = childrenOf(news[1]!, 'news:publication')
    expect(childrenOf(publication!, 'news:name')[0]!.text).toBe('جريدة & المضيق')
    expect(childrenOf(publication!, 'news:language')[0]!.text).toBe('tr')
    expect(childrenOf(news[0]!, 'news:publication_date')[0]!.text).toBe(new Date(at(2)).toISOString())
    const [story] = await publish(world, { title: 'خبر' })
    await copies(world, story!.id, 1100)
    expect(childrenOf(parseXml((await get(world, '/news-sitemap.xml')).text), 'url')).toHaveLength(1000)
  })

  test('an article tells search engines what it is, and the way to it', async () => {
    await using world = await openWorld(kind, NOW)
    const kept = await media.keep(world, await drawing(1600, 900))
    const title = 'عنوان </script><script>alert(1)</script> <!-- \u2028'
    const [story] = await publish(world, {
      title,
      section: 'اقتصاد',
      authors: ['هالة القباني'],
      tags: ['تركيا', 'سوق'],
      image: { id: kept.id },
      at: at(3),
      updated_at: at(1),
    })
    const { text } = await article(world, story!)
    expect(text).not.toMatch(/<script>|<\/script><script|<!-- /)
    const data = /<script type="application\/ld\+json">([^<]*)<\/script>/.exec(text)![1]!
    const [news, path] = JSON.parse(data)['@graph']
    expect(news).toMatchObject({
      '@type': 'NewsArticle',
      headline: title,
      inLanguage: 'ar',
      datePublished: new Date(at(3)).toISOString(),
      dateModified: new Date(at(1)).toISOString(),
      articleSection: 'اقتصاد',
      keywords: ['تركيا', 'سوق'],
      author: [{ '@type': 'Person', name: 'هالة القباني', url: links.facet(BASE, 'author', 'هاله القباني') }],
      image: { '@type': 'ImageObject', width: 1200, height: 675 },
    })
    expect((await get(world, news.image.url.slice(BASE.length))).status).toBe(200)
    expect(path.itemListElement.map(({ item }: { item: string }) => item)).toEqual([
      `${BASE}/`,
      links.facet(BASE, 'section', 'اقتصاد'),
      links.article(BASE, story!),
    ])
    const said = [...text.matchAll(/<meta (?:property|name)="([^"]+)" content="([^"]*)">/g)].map(([, name, value]) => [
      name,
      decoded(value!),
    ])
    expect(said).toEqual(
      expect.arrayContaining([
        ['og:type', 'article'],
        ['og:locale', 'ar_AR'],
        ['article:published_time', new Date(at(3)).toISOString()],
        ['article:modified_time', new Date(at(1)).toISOString()],
        ['article:section', 'اقتصاد'],
        ['article:tag', 'تركيا'],
        ['article:tag', 'سوق'],
        ['twitter:card', 'summary_large_image'],
      ]),
    )
    expect(text).not.toMatch(/<link[^>]*hreflang/) // no page is another one's translation
  })
})

test('robots are told where the sitemaps are, and kept from what is a reader’s own', async () => {
  await using world = await openWorld('sqlite', NOW)
  const { text } = await get(world, '/robots.txt')
  const lines = text.split('\n')
  for (const line of ['User-agent: *', 'Disallow: /search', 'Disallow: /preferences/', 'Disallow: /feeds/p/', `Sitemap: ${BASE}/sitemap.xml`, `Sitemap: ${BASE}/news-sitemap.xml`]) {
    expect(lines).toContain(line)
  } // biome-ignore format: one list
})

/** A list of addresses as {loc, lastmod}, in a document that is well-formed. */
async function entries(world: World, path: string, root: string, element: string): Promise<Record<string, string>[]> {
  const page = await get(world, path)
  expect([path, page.status, page.headers.get('Content-Type')]).toEqual([path, 200, 'application/xml; charset=utf-8'])
  const document: Element = parseXml(page.text)
  expect([document.name, document.attributes['xmlns']]).toEqual([root, 'http://www.sitemaps.org/schemas/sitemap/0.9'])
  return childrenOf(document, element).map((url) =>
    Object.fromEntries(url.children.map(({ name, text }) => [name, text])),
  )
}

/** The same article again and again under other names: what an import would take minutes for. */
async function copies(world: World, id: number, count: number): Promise<void> {
  const { id: _, ...row } = await world.db
    .selectFrom('article')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  for (let from = 0; from < count; from += 500) {
    const rows = Array.from({ length: Math.min(500, count - from) }, (_, n) => {
      const name = `copy${from + n}`
      return { ...row, public_id: name, guid: name, entry_id: name, published_at: later(row.published_at, -(from + n)) }
    })
    await world.db.insertInto('article').values(rows).execute()
  }
}

import { describe, expect, test } from 'vitest'
import * as intake from '../src/intake/index.ts'
import * as sources from '../src/sources/index.ts'
import { looksLikeFeed } from '../src/sources/sniffing.ts'
import { tagsOf } from '../src/sources/tags.ts'
import { feedOf } from './feed-of.ts'
import { openPartner, type Partner } from './partner.ts'
import { openWordpress } from './wordpress-site.ts'
import { databases, openWorld } from './world.ts'

const NOW = '2026-11-25T12:00:00Z'
const STORIES = feedOf([{ guid: 'a' }])

/** A site of these pages: a text, or a status, headers and a text; all else is not there. */
async function siteOf(pages: Record<string, string | [number, Record<string, string>, string]>): Promise<Partner> {
  return openPartner((request, response) => {
    const page = pages[request.url!] ?? [404, {}, 'nothing']
    const [status, headers, body] = typeof page === 'string' ? [200, {}, page] : page
    response.writeHead(status as number, headers as Record<string, string>).end(body)
  })
}

function page(...head: string[]): string {
  return `<!DOCTYPE html>\n<html><head>${head.join('\n')}</head><body><p>أهلًا</p></body></html>`
}

async function openWorldFor(site: Partner, kind = databases[0]!) {
  return openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: site.place })
}

describe.each(databases)('adding on %s', (kind) => {
  test('a feed stores its address without asking anybody', async () => {
    await using site = await siteOf({})
    await using world = await openWorldFor(site, kind)
    for (const path of [
      'feed',
      'rss',
      '?feed=rss2',
      'a/atom.php',
      'news.xml',
      'index.rdf',
      'x.json',
      'category/a/feed/',
    ]) {
      const added = await sources.add(world, 'cli', `${site.url}/${path}#top`, {})
      expect(added).toMatchObject({ url: `${site.url}/${path}`, kind: 'feed', due_at: Date.parse(NOW), read_at: null })
      expect(added).not.toHaveProperty('warning')
    }
    expect(site.asked).toEqual([])
  })

  test('keeps the settings, checked, and writes the trail', async () => {
    await using world = await openWorld(kind, NOW)
    const added = await sources.add(world, 'cli', 'https://partner.example/feed', {
      language: 'AR_eg', zone: 'europe/istanbul', charset: 'cp1256', section: ' اقتصاد ', credit: 'وكالة\nأنباء', date_order: 'day',
      relation: 'own', intake: 'hold', first: 'news', pictures: 'keep', body: 'link', title: 'شريك',
    }) // biome-ignore format: one table
    expect(added).toMatchObject({
      language: 'ar-EG', zone: 'Europe/Istanbul', charset: 'windows-1256', section: 'اقتصاد', credit: 'وكالة أنباء', date_order: 'day',
      relation: 'own', intake: 'hold', first: 'news', pictures: 'keep', body: 'link', title: 'شريك',
    }) // biome-ignore format: one table
    const changed = await sources.set(world, 'cli', added.id, { credit: '', charset: '', title: 'آخر' })
    expect(changed).toMatchObject({ credit: null, charset: null, title: 'آخر', language: 'ar-EG' })
    const trail = await world.db.selectFrom('change').select(['actor', 'verb', 'subject']).orderBy('id').execute()
    expect(trail).toEqual([
      { actor: 'cli', verb: 'source.add', subject: `source:${added.id}` },
      { actor: 'cli', verb: 'source.set', subject: `source:${added.id}` },
    ])
  })

  test('refuses what is no address, and one that it knows', async () => {
    await using world = await openWorld(kind, NOW)
    for (const address of [
      'ftp://partner.example/feed',
      'partner',
      '',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'http://',
    ])
      await expect(sources.add(world, 'cli', address, {})).rejects.toMatchObject({ code: 'bad-url' })
    const secret = await sources
      .add(world, 'cli', 'https://user:s3cret@partner.example/feed', {})
      .catch((error) => error)
    expect(secret).toMatchObject({ code: 'bad-url' })
    expect(JSON.stringify(secret)).not.toContain('s3cret')
    await sources.add(world, 'cli', 'https://partner.example/feed', {})
    for (const same of [
      'https://partner.example/feed',
      'HTTPS://PARTNER.example:443/feed#x',
      'feed:https://partner.example/feed',
    ])
      await expect(sources.add(world, 'cli', same, {})).rejects.toMatchObject({ code: 'source-known' })
    expect(await sources.all(world.db)).toHaveLength(1)
  })

  test.each([
    [{ language: 'no language' }, 'bad-language'],
    [{ zone: 'Nowhere/Town' }, 'bad-zone'],
    [{ charset: 'klingon' }, 'bad-charset'],
    [{ title: 'x'.repeat(201) }, 'text-too-long'],
    [{ credit: 'x'.repeat(501) }, 'text-too-long'],
    [{ section: 'x'.repeat(301) }, 'text-too-long'],
  ])('refuses %o', async (settings, code) => {
    await using world = await openWorld(kind, NOW)
    await expect(sources.add(world, 'cli', 'https://partner.example/feed', settings)).rejects.toMatchObject({ code })
    expect(await sources.all(world.db)).toEqual([])
  })
})

describe('a site', () => {
  test('that is a feed itself is stored as it is', async () => {
    await using site = await siteOf({
      '/news': STORIES,
      '/j': '{"version": "https:\\/\\/jsonfeed.org/version/1.1", "items": []}',
    })
    await using world = await openWorldFor(site)
    for (const path of ['/news', '/j']) {
      const added = await sources.add(world, 'cli', site.url + path, {})
      expect(added).toMatchObject({ url: site.url + path, kind: 'feed', read_at: null, found: { others: [] } })
    }
    expect(site.asked.map(({ url }) => url)).toEqual(['/news', '/j'])
  })

  test('is read once, and its main feed chosen before those of comments and of categories', async () => {
    await using site = await siteOf({
      '/': page(
        '<!-- <link rel="alternate" type="application/rss+xml" href="/old.rss"> -->',
        '<script>"<link rel=alternate type=application/rss+xml href=/script.rss>"</script>',
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">',
        '<link rel="alternate" hreflang="en" href="/en/">',
        '<link rel="alternate" type="application/rss+xml" title="التعليقات" href="/comments/feed/">',
        '<link rel="alternate" type="application/rss+xml" title="اقتصاد" href="/category/economy/feed/">',
        '<LINK HREF="//host/main.rss?a=1&amp;b=&#x628;" TYPE=application/rss+xml REL="Alternate Home">',
        '<link rel="alternate" type="application/atom+xml" href="main.atom" title="Atom">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
      ),
    })
    await using moved = await siteOf({
      '/': page(`<base href="${site.url}/deep/page">`, '<link rel=alternate type=application/rss+xml href=feed.rss>'),
    })
    await using world = await openWorld(databases[0]!, NOW, { NASHRA_FETCH_ALLOW: `${site.place} ${moved.place}` })
    const added = await sources.add(world, 'cli', site.url, {})
    expect(added).toMatchObject({ kind: 'feed', home: `${site.url}/` })
    expect(added.url).toBe('http://host/main.rss?a=1&b=%D8%A8')
    expect(added.found?.others.map(({ url }) => url)).toEqual([
      `${site.url}/main.atom`,
      `${site.url}/category/economy/feed/`,
      `${site.url}/comments/feed/`,
    ])
    expect(site.asked).toHaveLength(1)
    expect((await sources.add(world, 'cli', moved.url, {})).url).toBe(`${site.url}/deep/feed.rss`)
  })

  test('of which a category was meant gives that category', async () => {
    await using site = await siteOf({
      '/category/economy/': page(
        '<link rel="alternate" type="application/rss+xml" href="/feed/">',
        '<link rel="alternate" type="application/rss+xml" href="/comments/feed/">',
        '<link rel="alternate" type="application/rss+xml" href="/category/economy/feed/">',
        '<link rel="https://api.w.org/" href="/wp-json/">',
      ),
      '/wp-json/wp/v2/posts?per_page=1': '[{"id": 1}]',
    })
    await using world = await openWorldFor(site)
    const added = await sources.add(world, 'cli', `${site.url}/category/economy/`, {})
    expect(added).toMatchObject({ kind: 'feed', url: `${site.url}/category/economy/feed/` })
  })

  test.each([
    ['a link', '<link rel="https://api.w.org/" href="/wp-json/">', {}],
    ['a header', '', { Link: '</wp-json/>; rel="https://api.w.org/", </?p=1>; rel=shortlink' }],
    ['its generator', '<meta name="generator" content="WordPress 6.9">', {}],
  ])('of WordPress, told by %s, is read through REST where that is open, else by its feed', async (_, tag, headers) => {
    const front = page(tag, '<link rel="alternate" type="application/rss+xml" href="/feed/">')
    for (const [posts, kind, path] of [
      ['[]', 'wordpress', '/'],
      ['{"code": "rest_disabled"}', 'feed', '/feed/'],
    ]) {
      await using site = await siteOf({ '/': [200, headers, front], '/wp-json/wp/v2/posts?per_page=1': posts! })
      await using world = await openWorldFor(site)
      expect(await sources.add(world, 'cli', site.url, {})).toMatchObject({ kind, url: site.url + path })
    }
  })

  test('that names no feed is looked through in the common places', async () => {
    await using site = await siteOf({ '/': page(), '/feed/': page(), '/index.xml': STORIES, '/rss': STORIES })
    await using world = await openWorldFor(site)
    expect(await sources.add(world, 'cli', site.url, {})).toMatchObject({ url: `${site.url}/index.xml`, kind: 'feed' })
  })

  test('without any feed is refused, and told what to do', async () => {
    await using site = await siteOf({ '/': page(), '/paper.pdf': '%PDF-1.4', '/list': '{"items": []}' })
    await using world = await openWorldFor(site)
    for (const path of ['/', '/paper.pdf', '/list', '/missing'])
      await expect(sources.add(world, 'cli', site.url + path, {})).rejects.toMatchObject({ code: 'feed-not-found' })
    expect(await sources.all(world.db)).toEqual([])
  })

  test('is typed without a scheme too', async () => {
    await using world = await openWorld('sqlite', NOW)
    expect(await sources.add(world, 'cli', 'partner.example/feed', {})).toMatchObject({
      url: 'https://partner.example/feed',
    })
  })

  test('that runs WordPress with its REST interface closed is read through its feed, if it is our own, to the last page', async () => {
    await using wordpress = await openWordpress(() => Date.parse(NOW))
    wordpress.manner.rest = 'closed'
    for (let n = 0; n < 25; n++) wordpress.add({ at: Date.parse('2025-01-01T08:00:00Z') + n * 60_000 })
    await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: wordpress.place })
    const source = await sources.add(world, 'cli', wordpress.home, { relation: 'own' })
    expect(source).toMatchObject({ kind: 'wordpress', found: { how: expect.stringContaining('closed') } })
    while ((await sources.poll(world, 'cli', source)).again);
    expect(await intake.stored(world.db, source)).toHaveLength(25)
  })

  test('that answers as WordPress with more than any page of posts is not taken for one', async () => {
    const headers = { Link: '</wp-json/>; rel="https://api.w.org/"' }
    for (const posts of [`[${'{},'.repeat(1_300_000)}{"id":1}]`, `[{"id":1,"a":"${'x'.repeat(5_000_000)}"}]`]) {
      await using site = await siteOf({
        '/': [200, headers, '<!doctype html><link rel=alternate type=application/rss+xml href=/rss>'],
        '/wp-json/wp/v2/posts?per_page=1': posts,
      })
      await using world = await openWorldFor(site)
      expect(await sources.add(world, 'cli', site.url, {})).toMatchObject({ kind: 'feed', url: `${site.url}/rss` })
    }
  })

  test('that cannot be asked is stored with a warning', async () => {
    await using site = await siteOf({ '/busy': [503, {}, ''], '/closed': [403, {}, ''] })
    await using world = await openWorldFor(site)
    for (const address of [
      'http://nothing.invalid/',
      'http://127.0.0.1:1/',
      'http://10.0.0.1/',
      `${site.url}/busy`,
      `${site.url}/closed`,
    ]) {
      const added = await sources.add(world, 'cli', address, {})
      expect(added).toMatchObject({
        url: address,
        kind: 'feed',
        warning: expect.stringMatching(/could not be asked|will not be asked/),
      })
    }
    expect(await sources.add(world, 'cli', 'http://10.0.0.2/feed.xml', {})).toMatchObject({
      warning: expect.stringContaining('10.0.0.2 is not a public address'),
    })
  })

  test('that never answers is waited for ten seconds', async () => {
    await using site = await openPartner(() => {})
    await using world = await openWorldFor(site)
    const began = performance.now()
    expect(await sources.add(world, 'cli', `${site.url}/`, {})).toMatchObject({
      warning: expect.stringContaining('no answer within 10 s'),
    })
    expect(performance.now() - began).toBeLessThan(13_000)
  })

  test('whose page is hostile is read in no time', () => {
    for (const html of [
      '<link '.repeat(200_000),
      '<!--'.repeat(300_000),
      `<link ${'a="'.repeat(300_000)}`,
      '<'.repeat(1_000_000),
      `<a ${' '.repeat(1_000_000)}`,
      '<script>'.repeat(150_000),
      `<link ${'x=\'"'.repeat(200_000)}`,
    ]) {
      const began = performance.now()
      tagsOf(html, ['link'])
      expect(performance.now() - began).toBeLessThan(500)
    }
    expect(tagsOf('<link __proto__=1 constructor=2 rel=a rel=b>', ['link'])[0]!.attributes).toEqual({
      constructor: '2',
      rel: 'a',
    })
  })

  test('is asked where its address does not look like a feed', () => {
    for (const path of ['', 'news', 'ar/', 'index.php', 'about'])
      expect(looksLikeFeed(`https://feeds.example/${path}`)).toBe(false)
  })
})

import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as intake from '../src/intake/index.ts'
import { bring, documents, item, only, source } from './incoming.ts'
import { article, get } from './site.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'

describe.each(databases)('one story of several sources on %s', (kind) => {
  test('the same address or the same title within a day is one story, which names the other source', async () => {
    await using world = await openWorld(kind, NOW)
    const first = await source(world, 'first')
    const second = await source(world, 'second', { title: 'Second Wire', relation: 'partner' })
    await bring(world, first, [
      item('1', { title: 'وصول سفينة القمح إلى المرفأ' }),
      item('2', { link: 'http://www.agency.example/story/2/?utm_source=x&id=5#top' }),
      item('3', { title: 'خبر قصير' }),
    ])
    const taken = await bring(world, second, [
      item('a', { title: 'وُصول سفينة القمح إلى المرفأ', at: '2026-11-22T10:00:00Z', link: 'https://second.example/a' }),
      item('b', { link: 'https://agency.example/story/2?id=5&fbclid=abc', title: 'عنوان آخر لخبر الوكالة نفسه' }),
      item('c', { title: 'خبر قصير', link: 'https://second.example/c' }),
      item('d', { title: 'وصول سفينة القمح إلى المرفأ', at: '2026-11-20T10:00:00Z', link: 'https://second.example/d' }),
    ])
    expect(taken).toMatchObject({ added: 2, also: 2 })
    const told = await only(world, item('1').guid)
    expect(await intake.also(world.db, [told.id])).toEqual(
      new Map([[told.id, [{ title: 'Second Wire', link: 'https://second.example/a' }]]]),
    )
    const stored = await intake.stored(world.db, second)
    expect(stored.map(({ guid, state }) => [guid.at(-1), state])).toEqual([
      ['b', 'also'],
      ['c', 'published'],
      ['a', 'also'],
      ['d', 'published'],
    ])
    expect(await bring(world, second, [item('a', { title: 'عنوان تغيّر في المصدر الثاني' })])).toMatchObject({
      unchanged: 1,
    })

    const page = await article(world, told)
    expect(page.text).toContain('أيضًا في: <a href="https://second.example/a" rel="noopener"><bdi>Second Wire</bdi></a>')
  })

  test('two items of one source with one title are two, and the newsroom’s own are never swallowed by a partner’s', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const own = await source(world, 'own', { relation: 'own' })
    const title = 'نشرة أخبار الساعة الثامنة مساء'
    expect(await bring(world, partner, [item('1', { title }), item('2', { title })])).toMatchObject({ added: 2 })
    expect(await bring(world, own, [item('x', { title, guid: 'x', link: 'https://own.example/x' })])).toMatchObject({
      added: 1,
      also: 0,
    })
    const other = await source(world, 'other')
    await bring(world, other, [item('y', { title, guid: 'y', link: 'https://other.example/y' })])
    const { id, credit } = await only(world, 'x')
    expect(credit).toBeNull()
    expect((await intake.also(world.db, [id])).get(id), 'the own article is preferred').toHaveLength(1)
  })

  test('the desk’s story is not told again by a partner', async () => {
    await using world = await openWorld(kind, NOW)
    const title = 'وصول سفينة القمح إلى المرفأ'
    await articles.publish(world, 'cli', [
      { guid: 'd', title, body_html: '<p>x</p>', language: 'ar', published_at: instant(world.now()) },
    ])
    expect(await bring(world, await source(world, 'partner'), [item('1', { title })])).toMatchObject({
      added: 0,
      also: 1,
    })
  })

  test('the newsroom’s own site goes on with what was imported from it, by guid or address', async () => {
    await using world = await openWorld(kind, NOW)
    const own = await source(world, 'own', { relation: 'own' })
    const at = instant(world.now())
    const old = { body_html: '<p>نص</p>', language: 'ar', published_at: at }
    await articles.publish(world, 'cli', [
      { ...old, guid: 'http://own.example/?p=1', title: 'الخبر الأول' },
      { ...old, guid: 'old-2', title: 'الخبر الثاني', url: 'http://www.own.example/2026/two/' },
    ])
    const before = await world.db.selectFrom('article').select(['id', 'guid', 'entry_id']).orderBy('id').execute()
    const taken = await bring(world, own, [
      item('1', {
        guid: 'https://www.own.example/?p=1',
        link: 'https://own.example/2026/one',
        title: 'الخبر الأول منقحًا',
      }),
      item('2', { guid: 'https://own.example/?p=2', link: 'https://own.example/2026/two' }),
      item('3', { guid: 'https://own.example/?p=3', link: 'https://own.example/2026/three' }),
    ])
    expect(taken).toMatchObject({ added: 1, revised: 2 })
    const after = await world.db
      .selectFrom('article')
      .select(['id', 'guid', 'entry_id', 'title', 'source_id'])
      .orderBy('id')
      .execute()
    expect(after).toMatchObject([...before, { guid: 'https://own.example/?p=3', entry_id: 'https://own.example/?p=3' }])
    expect(after[0]!.title).toBe('الخبر الأول منقحًا')
    const again = [
      item('1', { guid: 'https://own.example/?p=1', link: 'https://own.example/2026/one', title: 'الخبر الأول ثالثةً' }),
    ]
    expect(await bring(world, own, again)).toMatchObject({ revised: 1, added: 0 })
    const feed = await source(world, 'own-section', { relation: 'own' })
    expect(await bring(world, feed, again), 'another feed of the same site').toMatchObject({ added: 0, also: 1 })
    expect(await intake.also(world.db, [after[0]!.id]), 'no reader is told of it').toEqual(new Map())
  })

  test('an own guid that is an entry’s id already makes an article with an id of its own', async () => {
    await using world = await openWorld(kind, NOW)
    const guid = 'https://own.example/?p=1'
    for (const name of ['own', 'twin']) {
      const own = await source(world, name, { relation: 'own' })
      await bring(world, own, [item('1', { guid, title: `عنوان ${name}`, link: `https://${name}.example/1` })])
    }
    const ids = (await world.db.selectFrom('article').select('entry_id').execute()).map((row) => row.entry_id)
    expect(ids).toContain(guid)
    expect(new Set(ids).size).toBe(2)
  })

  test.each([
    ['ar', 'اقرأ الخبر كاملًا في وكالة البحر'],
    ['tr', 'Haberin tamamı: وكالة البحر'],
    ['en', 'Read the full story at وكالة البحر'],
  ])('a story that leads out says so on its page and in feeds (%s)', async (language, words) => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner', { body: 'link', title: 'وكالة البحر', language })
    const summary = 'ملخص الخبر في جملة واحدة'
    await bring(world, partner, [
      item('1', { summary, link: 'https://partner.example/one?a=1&b=2', html: '<p>النص كله</p>' }),
    ])
    const story = await only(world, item('1').guid)
    expect(story).toMatchObject({ body_html: '', summary, excerpt: summary })
    const page = await article(world, story)
    const link = `<a href="https://partner.example/one?a=1&#38;b=2" rel="noopener">${words}</a>`
    expect(page.text).toContain(link.replace('&#38;', '&amp;'))
    expect(page.text).toContain(summary)
    expect(page.text).not.toContain('النص كله')
    expect(page.text).toContain(`<link rel="canonical" href="https://news.example/a/${story.public_id}`)
    for (const html of await feedBodies(world)) {
      expect(html).toContain(link)
      expect(html.indexOf(link)).toBeGreaterThan(html.indexOf(summary))
    }
  })

  test('a partner’s full text names its original for search engines, the newsroom’s own is at home here', async () => {
    await using world = await openWorld(kind, NOW)
    await bring(world, await source(world, 'partner'), [item('1')])
    await bring(world, await source(world, 'own', { relation: 'own' }), [
      item('2', { guid: '2', link: 'https://own.example/2' }),
    ])
    const partners = await article(world, await only(world, item('1').guid))
    expect(partners.text).toContain('<link rel="canonical" href="https://partner.example/stories/1">')
    expect(partners.text).toContain('المصدر: partner')
    const own = await article(world, await only(world, '2'))
    expect(own.text).toContain('<link rel="canonical" href="https://news.example/a/')
    expect(own.text).not.toContain('المصدر')
  })

  test('a story that its source took back says so at its address', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    await bring(world, partner, [item('1')])
    await intake.gone(world, 'job', partner, [item('1').guid])
    const page = await get(world, `/a/${(await only(world, item('1').guid)).public_id}`)
    expect(page.status).toBe(410)
    expect(page.text).toContain('السبب: سحبه مصدره (partner).')
    expect(page.text).not.toContain('هيئة التحرير')
  })
})

/** The HTML of the one entry in each of the three feeds. */
async function feedBodies(world: World): Promise<string[]> {
  return (await documents(world, 'all')).map(({ format, body }) => {
    const text = body.toString()
    if (format === 'json') return JSON.parse(text).items[0].content_html
    return /<content[^>]*><!\[CDATA\[(.*?)\]\]>/s.exec(text)![1]!
  })
}

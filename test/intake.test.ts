import { describe, expect, test } from 'vitest'
import * as articles from '../src/articles/index.ts'
import * as intake from '../src/intake/index.ts'
import type { Item } from '../src/reading/index.ts'
import { bring, item, only, source } from './incoming.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'
const NOTHING = { added: 0, revised: 0, unchanged: 0, held: 0, also: 0, withdrawn: 0, missing: [], suspected: 0 }

describe.each(databases)('intake on %s', (kind) => {
  test('an item becomes an article once, and an edit revises it in place', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    expect(await bring(world, partner, [item('b'), item('a')])).toEqual({ ...NOTHING, added: 2 })
    const before = await only(world, 'https://partner.example/?p=a')
    expect(before).toMatchObject({ source_id: partner.id, credit: 'partner', url: 'https://partner.example/stories/a' })
    expect((await shown(world)).map((story) => story.guid.at(-1))).toEqual(['b', 'a'])

    world.clock.advance({ minutes: 10 })
    expect(await bring(world, partner, [item('b'), item('a', { html: '<p>نص آخر</p>' })])).toEqual({
      ...NOTHING,
      revised: 1,
      unchanged: 1,
    })
    const after = await only(world, before.guid)
    expect(after).toMatchObject({ id: before.id, entry_id: before.entry_id, published_at: before.published_at })
    expect(after.body_html).toBe('<p>نص آخر</p>')
    expect(after.updated_at).toBe(before.updated_at + 70 * 60_000)
  })

  test('what is unchanged writes nothing, and no channel moves', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const items = Array.from({ length: 60 }, (_, n) => item(String(n), { at: n % 3 ? NOW : null }))
    await bring(world, partner, items, { first: true })
    const before = await everything(world)
    world.clock.advance({ hours: 1 })
    expect(await bring(world, partner, items)).toEqual({ ...NOTHING, unchanged: 60 })
    expect(await everything(world)).toEqual(before)
  })

  test('a guid may flip its scheme, host, port, slash and encoding: it is the same story, under its first guid', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const first = 'http://www.partner.example/%d8%ae%D8%A8%D8%B1/?p=1'
    await bring(world, partner, [unlinked('1', first)])
    const flips = [
      'https://www.partner.example/%d8%ae%D8%A8%D8%B1/?p=1',
      'https://partner.example/%D8%AE%D8%A8%D8%B1/?p=1',
      'HTTPS://PARTNER.EXAMPLE:443/%d8%ae%d8%a8%d8%b1?p=1',
      'http://partner.example:80/خبر/?p=1#',
      'http://partner.example:80/خبر/?p=1#2',
    ]
    for (const guid of flips)
      expect(await bring(world, partner, [unlinked('1', guid)]), guid).toEqual({ ...NOTHING, unchanged: 1 })
    expect(await bring(world, partner, [item('1', { guid: flips[1]!, title: 'خبر عاجل آخر' })])).toMatchObject({
      revised: 1,
    })
    expect(await guids(world)).toEqual([first])
    expect((await intake.stored(world.db, partner)).map((one) => one.guid)).toEqual([first])

    const plain = await bring(world, partner, [
      item('x', { guid: 'Plain', link: 'https://a.example/x' }),
      item('y', { guid: 'plain', link: 'https://a.example/y' }),
    ])
    expect(plain).toMatchObject({ added: 2 })
  })

  test('a source that names its items anew has the same stories; two guids in one document are two', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    await bring(world, partner, [item('1'), item('2')])
    const renamed = [
      item('1', { guid: 'post-1', link: 'http://www.partner.example/stories/1/?utm_source=rss' }),
      item('2', { guid: 'post-2' }),
    ]
    expect(await bring(world, partner, renamed)).toEqual({ ...NOTHING, unchanged: 2 })
    expect(await bring(world, partner, [item('1', { guid: 'post-1', html: '<p>جديد</p>' })])).toMatchObject({
      revised: 1,
      added: 0,
    })
    expect(await guids(world)).toEqual(['https://partner.example/?p=1', 'https://partner.example/?p=2'])

    const live = ['l1', 'l2'].map((guid) => item(guid, { guid, link: 'https://partner.example/live' }))
    expect(await bring(world, partner, live)).toMatchObject({ added: 2 })
    const next = item('l3', { guid: 'l3', link: 'https://partner.example/live', at: '2026-11-23T08:30:00Z' })
    expect(await bring(world, partner, [next]), 'another story on the same page').toMatchObject({ added: 1 })
  })

  test('a source that moves to another system has the same stories by their titles and dates', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    await bring(world, partner, [item('1'), item('2'), item('3')])
    const moved = ['1', '2'].map((name) =>
      item(name, { guid: `urn:new:${name}`, link: `https://new.partner.example/${name}` }),
    )
    expect(await bring(world, partner, moved)).toMatchObject({ added: 0, revised: 2 })
    expect(await guids(world)).toHaveLength(3)
    const again = item('1', { guid: 'urn:new:9', link: 'https://new.partner.example/9', at: '2026-11-23T08:30:00Z' })
    expect(await bring(world, partner, [again]), 'the same title at another time').toMatchObject({ added: 1 })
  })

  test('a date that is left out is that of the first sight; a real one is taken when it comes', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const future = item('2', { at: '2026-12-24T00:00:00Z' })
    await bring(world, partner, [item('1', { at: null }), future])
    world.clock.advance({ hours: 3 })
    await bring(world, partner, [item('1', { at: null, title: 'عنوان جديد للخبر' }), { ...future, title: 'عنوان آخر' }])
    for (const name of ['1', '2'])
      expect((await only(world, `https://partner.example/?p=${name}`)).published_at).toBe(Date.parse(NOW))
    await bring(world, partner, [item('1', { at: '2026-11-22T07:00:00Z', title: 'عنوان جديد للخبر' })])
    expect((await only(world, 'https://partner.example/?p=1')).published_at).toBe(Date.parse('2026-11-22T07:00:00Z'))
    await bring(world, partner, [item('1', { at: null, title: 'عنوان ثالث' })])
    expect((await only(world, 'https://partner.example/?p=1')).published_at).toBe(Date.parse('2026-11-22T07:00:00Z'))
  })

  test('a site that dates its items to the moment it is asked changes nothing by that', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const dated = () => item('1', { at: world.now().toString() })
    await bring(world, partner, [dated()])
    world.clock.advance({ hours: 2 })
    expect(await bring(world, partner, [dated()])).toMatchObject({ unchanged: 1, revised: 0 })
    expect((await only(world, item('1').guid)).published_at).toBe(Date.parse(NOW))
    const moved = item('1', { at: '2026-11-20T00:00:00Z' })
    expect(await bring(world, partner, [moved]), 'a date that was corrected').toMatchObject({ revised: 1 })
    expect((await only(world, item('1').guid)).published_at).toBe(Date.parse('2026-11-20T00:00:00Z'))
  })

  test('an edit of tags alone is no update for readers, unless the source says when it was', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    await bring(world, partner, [item('1')])
    const { updated_at, guid } = await only(world, 'https://partner.example/?p=1')
    await bring(world, partner, [item('1', { tags: ['بحر'] })])
    expect(await only(world, guid)).toMatchObject({ updated_at, tags: ['بحر'] })
    const later = Date.parse('2026-11-23T08:40:00Z') as typeof updated_at
    expect(await bring(world, partner, [item('1', { tags: ['بحر'], updated_at: later })])).toMatchObject({
      unchanged: 1,
    })
    await bring(world, partner, [item('1', { tags: ['بر'], updated_at: later })])
    expect(await only(world, guid)).toMatchObject({ updated_at: later })
    await bring(world, partner, [item('1', { tags: ['جو'], updated_at: (later - 60_000) as typeof updated_at })])
    expect(await only(world, guid)).toMatchObject({ updated_at: later, tags: ['جو'] })
  })

  test('a source’s settings decide section, credit, language, pictures and ids', async () => {
    await using world = await openWorld(kind, NOW)
    const image = { url: 'https://partner.example/a.jpg', alt: 'سفينة' }
    const leaving = await source(world, 'leaving', { section: 'عالم', credit: 'وكالة البحر', language: 'tr' })
    await bring(world, leaving, [item('1', { section: 'اقتصاد', tags: ['بحر'], image })])
    expect(await only(world, item('1').guid)).toMatchObject({
      section: 'عالم',
      tags: ['اقتصاد', 'بحر'],
      credit: 'وكالة البحر',
      language: 'tr',
      image_url: image.url,
      image_alt: 'سفينة',
      entry_id: expect.stringMatching(/^urn:uuid:/),
    })
    expect(await world.db.selectFrom('download').selectAll().execute()).toEqual([])
    const keeping = await source(world, 'keeping', { pictures: 'keep' })
    await bring(world, keeping, [item('2', { language: 'en-GB', image })])
    expect(await only(world, item('2').guid)).toMatchObject({ language: 'en-GB', credit: 'keeping' })
    expect(await world.db.selectFrom('download').select('url').execute()).toEqual([{ url: image.url }])
    const own = await source(world, 'own', { relation: 'own', language: 'x y' })
    await bring(world, own, [item('3', { image: { url: 'https://own.example/b.jpg' } })])
    expect(await only(world, item('3').guid)).toMatchObject({ entry_id: item('3').guid, credit: null, language: 'ar' })
    expect(await world.db.selectFrom('download').select('url').execute()).toHaveLength(2)
    const trail = await world.db
      .selectFrom('change')
      .select(['actor', 'after'])
      .where('verb', '=', 'article.publish')
      .execute()
    expect(trail.map(({ actor, after }) => [actor, JSON.parse(after!).source])).toEqual([
      ['job', leaving.id],
      ['job', keeping.id],
      ['job', own.id],
    ])
  })
})

/** Nothing but its guid tells which item it is. */
function unlinked(name: string, guid: string): Item {
  const { link: _, ...rest } = item(name, { guid })
  return rest
}

async function shown(world: World): Promise<articles.Story[]> {
  return articles.latest(world.db, { now: world.now().epochMilliseconds as never, limit: 100 })
}

async function guids(world: World): Promise<string[]> {
  const rows = await world.db.selectFrom('article').select('guid').orderBy('id').execute()
  return rows.map((row) => row.guid).sort()
}

/** All that a poll could have written. */
async function everything(world: World) {
  const tables = ['article', 'source_item', 'channel', 'site', 'change', 'article_address', 'download'] as const
  return Promise.all(tables.map((table) => world.db.selectFrom(table).selectAll().execute()))
}

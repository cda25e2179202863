import { describe, expect, test } from 'vitest'
import { type Instant, instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import { databases, openWorld, type World } from './world.ts'

const NOON = '2026-11-23T09:00:00Z'

describe.each(databases)('articles on %s', (kind) => {
  test('an import adds once, revises in place and says which lines it could not use', async () => {
    await using world = await openWorld(kind, NOON)
    const lines = [
      {
        guid: 'a',
        title: 'سفينة تصل',
        body_html: '<p>نص</p>',
        section: 'اقتصاد',
        tags: ['بحر', 'موانئ'],
        byline: 'ليلى',
        published_at: '2026-11-23T08:00:00Z',
      },
      '{broken',
      { guid: 'b', title: '' },
      { guid: 'c', title: 'x', published_at: '31/12/2026' },
      { title: 'no guid' },
      { guid: 'd', title: 'Bir haber', language: 'tr', published_at: '2026-11-23' },
      { guid: 'e', title: 'seconds, not milliseconds', published_at: 1_764_000_000 },
    ]
    const first = await load(world, lines)
    expect(first).toMatchObject({ added: 2, revised: 0, unchanged: 0 })
    expect(first.rejected.map((row) => row.line)).toEqual([2, 3, 4, 5, 7])
    expect(await load(world, [lines[0], lines[5]])).toEqual({
      added: 0,
      revised: 0,
      unchanged: 2,
      rejected: [],
      rejectedInAll: 0,
    })

    const before = await only(world, 'a')
    const revised = { ...(lines[0] as object), title: 'سفينة تغادر', tags: ['بحر'] }
    expect(await load(world, [revised])).toMatchObject({ added: 0, revised: 1, unchanged: 0 })
    const after = await only(world, 'a')
    expect(after).toMatchObject({
      title: 'سفينة تغادر',
      tags: ['بحر'],
      authors: ['ليلى'],
      published_at: before.published_at,
      entry_id: before.entry_id,
      public_id: before.public_id,
    })
    expect(after.updated_at).toBeGreaterThan(before.updated_at)
  })

  test('no row of a file can break an import, whatever it holds', async () => {
    await using world = await openWorld(kind, NOON)
    const wide = (length: number) =>
      Array.from({ length }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('')
    const done = await load(world, [
      { guid: 'a', title: 'someone else’s inner id', image: { id: 4711, url: 'https://x.example/a.jpg' } },
      {
        guid: 'b',
        title: 'nothing known of its picture',
        image: { url: null, alt: null, caption: null, credit: null },
      },
      { guid: wide(1000), title: 'a guid that no index takes' },
      { guid: 'c', title: 'a section that no index takes', section: '\ufdfa'.repeat(150) + wide(150) },
      { guid: 'd', title: 'a tag that no index takes', tags: wide(2000) },
      { guid: 'e', title: 'an author that no index takes', byline: wide(2000) },
    ])
    expect(done).toMatchObject({ added: 2, rejectedInAll: 4 })
    expect(done.rejected.map((row) => row.line)).toEqual([3, 4, 5, 6])
    expect(await only(world, 'a')).toMatchObject({ image_id: null, image_url: 'https://x.example/a.jpg' })
    expect(await only(world, 'b')).toMatchObject({ image_id: null, image_url: null })
  })

  test('a guid that is the feed id of another article makes an article with an id of its own', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [{ guid: 'plain', title: 'x' }])
    const { entry_id } = await only(world, 'plain')
    expect(await load(world, [{ guid: entry_id, title: 'ours, from our own feed' }])).toMatchObject({ added: 1 })
    expect((await only(world, entry_id)).entry_id).toMatch(/^urn:uuid:/)
    expect((await only(world, entry_id)).entry_id).not.toBe(entry_id)
  })

  test('a line that is not UTF-8 is told of, not stored with its letters lost', async () => {
    await using world = await openWorld(kind, NOON)
    const latin = Buffer.from('{"guid":"b","title":"Türkçe"}', 'latin1')
    const done = await loadBytes(world, [Buffer.from('{"guid":"a","title":"Türkçe"}\n'), latin, Buffer.from('\n')])
    expect(done).toMatchObject({ added: 1, rejected: [{ line: 2, reason: expect.stringContaining('not UTF-8') }] })
    expect((await only(world, 'a')).title).toBe('Türkçe')
  })

  test('a file reads the same however its bytes arrive', async () => {
    await using world = await openWorld(kind, NOON)
    const file = Buffer.from('\ufeff{"guid":"a","title":"واحد"}\r\n\n{"guid":"b","title":"اثنان"}')
    const done = await loadBytes(
      world,
      [...file].map((byte) => Buffer.of(byte)),
    )
    expect(done).toMatchObject({ added: 2, rejectedInAll: 0 })
    expect((await only(world, 'a')).title).toBe('واحد')
  })

  test('all bad lines are counted, the first thousand named, and none brings control characters along', async () => {
    await using world = await openWorld(kind, NOON)
    const done = await load(world, [
      ...Array.from({ length: 1200 }, () => '{"\u001b]0;owned\u0007'),
      { guid: 'a', title: 'x', language: '\u001b[31m\u009b' },
    ])
    expect(done.rejectedInAll).toBe(1201)
    expect(done.rejected.length).toBe(1000)
    const bad = await load(world, [{ guid: 'a', title: 'x', language: '\u001b[31m\u009b' }])
    for (const { reason } of [...done.rejected, ...bad.rejected]) expect(reason).not.toMatch(/\p{Cc}/u)
  })

  test('the same guid twice in one file ends as the later line', async () => {
    await using world = await openWorld(kind, NOON)
    expect(
      await load(world, [
        { guid: 'a', title: 'one' },
        { guid: 'a', title: 'two' },
      ]),
    ).toMatchObject({ added: 1, revised: 1 })
    expect((await only(world, 'a')).title).toBe('two')
  })

  test('a guid of the old site stays byte for byte, any other article gets an id of its own', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [
      { guid: 'https://Old.example/?p=123', title: 'قديم' },
      { guid: 'x1', title: 'جديد' },
    ])
    expect((await only(world, 'https://Old.example/?p=123')).entry_id).toBe('https://Old.example/?p=123')
    expect((await only(world, 'x1')).entry_id).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  })

  test('is found however its words are spelled', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [
      { guid: 'a', title: 'حذّر خبراء في إدلب', body_html: '<p>من ٢٠٢٥</p>' },
      { guid: 'b', title: 'Işıklı İZMİR' },
    ])
    const find = async (query: string) =>
      (await articles.latest(world.read, { query, now: instant(world.now()), limit: 9 })).map((story) => story.guid)
    expect(await find('ادلب حذر')).toEqual(['a'])
    expect(await find('2025')).toEqual(['a'])
    expect(await find('isikli izmir')).toEqual(['b'])
    expect(await find('100%_')).toEqual([])
  })

  test('before its hour an article is nowhere to be seen', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [{ guid: 'a', title: 'غدًا', published_at: '2026-11-23T10:00:00Z' }])
    const seen = () => articles.latest(world.read, { now: instant(world.now()), limit: 9 })
    expect(await seen()).toEqual([])
    expect(await articles.nextDue(world.read, {}, instant(world.now()))).toBe(Date.parse('2026-11-23T10:00:00Z'))
    world.clock.set('2026-11-23T10:00:00Z')
    expect(await seen()).toHaveLength(1)
  })

  test('pages continue where the last one ended, also among articles of one moment', async () => {
    await using world = await openWorld(kind, NOON)
    await load(
      world,
      Array.from({ length: 7 }, (_, n) => ({ guid: `g${n}`, title: `t${n}`, published_at: '2026-11-23T08:00:00Z' })),
    )
    const now = instant(world.now())
    const seen: string[] = []
    let before: articles.Story | undefined
    do {
      const page = await articles.latest(world.read, { now, limit: 3, ...(before && { before }) })
      seen.push(...page.map((story) => story.guid))
      before = page.at(-1)
    } while (before)
    expect(seen).toEqual(['g6', 'g5', 'g4', 'g3', 'g2', 'g1', 'g0'])
  })

  test('a withdrawn one is gone, keeps its reason, and no import brings it back', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [{ guid: 'a', title: 'خطأ' }])
    await articles.withdraw(world.db, 'cli', 'a', 'لم يثبت', instant(world.now()))
    expect(await load(world, [{ guid: 'a', title: 'خطأ معدل' }])).toMatchObject({ added: 0, revised: 0, unchanged: 1 })
    expect(await articles.latest(world.read, { now: instant(world.now()), limit: 9 })).toEqual([])
    expect(await only(world, 'a')).toMatchObject({ title: 'خطأ', withdrawn_reason: 'لم يثبت' })
  })

  test('a channel is a filter, and only what passes it before or after a change moves its version', async () => {
    await using world = await openWorld(kind, NOON)
    await channels.add(world, 'cli', { slug: 'sea', title: 'بحر', filter: { tag: ['البحر'] } })
    await channels.add(world, 'cli', {
      slug: 'tr',
      title: 'Türkçe',
      filter: { language: ['tr'], section: ['Ekonomi', 'Spor'] },
    })
    const versions = async () =>
      Object.fromEntries((await channels.all(world.db)).map((channel) => [channel.slug, channel.version]))
    const listed = async (slug: string) => {
      const channel = await channels.find(world.db, slug)
      return (
        await articles.latest(world.read, { filter: channels.filterOf(channel), now: instant(world.now()), limit: 9 })
      ).map((story) => story.guid)
    }
    await load(world, [
      { guid: 'a', title: 'مرفأ', tags: ['البَحر'] },
      { guid: 'b', title: 'Maç', language: 'tr', section: 'SPOR' },
      { guid: 'c', title: 'Kitap', language: 'tr', section: 'Kültür' },
    ])
    expect(await listed('sea')).toEqual(['a'])
    expect(await listed('tr')).toEqual(['b'])
    expect(await versions()).toEqual({ all: 2, sea: 2, tr: 2 })
    await load(world, [{ guid: 'a', title: 'مرفأ', tags: ['جبل'] }])
    expect(await listed('sea')).toEqual([])
    expect(await versions()).toEqual({ all: 3, sea: 3, tr: 2 })
    await load(world, [{ guid: 'a', title: 'مرفأ', tags: ['جبل'] }])
    expect(await versions()).toEqual({ all: 3, sea: 3, tr: 2 })
  })

  test('a channel without a title, or of a source that is no number, is refused', async () => {
    await using world = await openWorld(kind, NOON)
    for (const title of ['', ' \n', '\u0007'])
      await expect(channels.add(world, 'cli', { slug: 'c', title, filter: {} })).rejects.toMatchObject({
        code: 'title-empty',
      })
    for (const source of [Number.NaN, -1, 1.5, 1e300])
      await expect(
        channels.add(world, 'cli', { slug: 'c', title: 'C', filter: { source: [source] } }),
      ).rejects.toMatchObject({ code: 'bad-number' })
    expect((await channels.all(world.read)).map((one) => one.slug)).toEqual(['all'])
  })

  test('every change leaves who did it and what it was', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [{ guid: 'a', title: 'one' }])
    await load(world, [{ guid: 'a', title: 'two' }])
    await articles.withdraw(world.db, 'cli', 'a', '', instant(world.now()))
    const trail = await world.db
      .selectFrom('change')
      .select(['actor', 'verb', 'before', 'after'])
      .where('subject', 'like', 'article:%')
      .orderBy('id')
      .execute()
    expect(trail.map((row) => [row.actor, row.verb])).toEqual([
      ['cli', 'article.publish'],
      ['cli', 'article.revise'],
      ['cli', 'article.withdraw'],
    ])
    expect(JSON.parse(trail[1]!.before!)).toEqual({ title: 'one' })
  })

  test('two processes importing the same file add each article once', async () => {
    if (kind === 'pglite') return // one connection: nothing can race
    await using world = await openWorld(kind, NOON)
    await using other = await world.again()
    const lines = Array.from({ length: 40 }, (_, n) => ({
      guid: `g${n}`,
      title: `t${n}`,
      tags: [`x${n % 7}`, `y${n % 5}`],
    }))
    const sums = await Promise.all([load(world, lines), load(other, lines)])
    expect(sums[0].added + sums[1].added).toBe(40)
    expect(await articles.count(world.read, { now: instant(world.now()) })).toBe(40)
  })
})

async function load(world: World, lines: unknown[]): Promise<articles.Imported> {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  return loadBytes(world, [Buffer.from(text)])
}

function loadBytes(world: World, chunks: Buffer[]) {
  return articles.importLines(
    world,
    'cli',
    (async function* () {
      yield* chunks
    })(),
  )
}

async function only(world: World, guid: string): Promise<articles.Story> {
  const row = await world.db
    .selectFrom('article')
    .select('public_id')
    .where('guid', '=', guid)
    .executeTakeFirstOrThrow()
  return (await articles.find(world.db, row.public_id, 9e15 as Instant))!
}

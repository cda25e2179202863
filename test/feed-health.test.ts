import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import type { Instant } from '../db/instant.ts'
import * as channels from '../src/channels.ts'
import { type Health, health, sentences } from '../src/feed-health/index.ts'
import { readDocument } from '../src/feed-health/reading.ts'
import { readXml } from '../src/feed-health/xml.ts'
import * as feedReaders from '../src/feed-readers.ts'
import { spoken } from '../src/locale.ts'
import * as site from '../src/site.ts'
import { build, formats } from '../src/syndication/index.ts'
import { handler } from '../src/web/server.ts'
import { HOSTILE, input, PICTURE, story } from './feed-input.ts'
import { publishAll, serveFeeds } from './feed-server.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const HOUR = 3_600_000
const SEEN = { timeout: 8000, interval: 50 }

describe.each(databases)('the health of feeds on %s', (kind) => {
  test('a channel in order is valid, with its figures', async () => {
    await using world = await openWorld(kind, NOW)
    await publishAll(world, [
      { ...ago(world, 1), image: { url: 'https://img.example/1.jpg' } },
      { ...ago(world, 30), image: { url: 'https://img.example/2.jpg' }, language: 'ar-EG' },
      { ...ago(world, 24 * 40) },
    ])
    await world.db.deleteFrom('download').execute()
    await world.db
      .insertInto('download')
      .values({ url: 'https://img.example/2.jpg', due_at: 0 as Instant, attempts: 0, reason: null })
      .execute()
    await feedReaders.openCounter(world).see([{ feed: 'all', address: '203.0.113.5', agent: 'X (12 subscribers)' }])
    expect(await health(world)).toEqual([
      {
        channel: 'all',
        valid: true,
        problems: [],
        entries: 3,
        size: 50,
        languages: { ar: 2, 'ar-EG': 1 },
        dates: { newest: '2026-11-23T03:10:00Z', oldest: '2026-10-14T04:10:00Z' },
        images: { with: 2, without: 1, waiting: 1 },
        rate: { perDay: 0.07, covers: 24 * 40 - 1 },
        leftOut: [],
        readers: 12,
      },
    ])
    await expect(health(world, 'nope')).rejects.toMatchObject({ code: 'channel-not-found' })
  })

  test('an article that no reader could take makes it invalid, and is named', async () => {
    await using world = await openPaper(kind)
    await world.db.updateTable('article').set({ entry_id: '12345' }).where('guid', '=', 'g1').execute()
    const found = await only(world)
    const { public_id } = await world.db
      .selectFrom('article')
      .select('public_id')
      .where('guid', '=', 'g1')
      .executeTakeFirstOrThrow()
    expect(found).toMatchObject({ valid: false, entries: 2, problems: [{ code: 'left-out', level: 'error', n: 1 }] })
    expect(found.leftOut).toEqual([
      { article: public_id, title: 'خبر g1', reason: 'its id is not a tag:, urn: or http(s) address' },
    ])
  })

  test.each<[string, object, (world: World) => Promise<unknown>]>([
    ['a feed without an absolute id', { format: 'atom', rule: 'head' }, (world) => world.db.updateTable('channel').set({ feed_id: 'all' }).execute()],
    ['a language that is none', { format: 'rss', rule: 'language' }, (world) => world.db.updateTable('channel').set({ language: 'no language' }).execute()],
    ['an enclosure of a senseless length', { format: 'rss', rule: 'enclosure', n: 1 }, (world) => picture(world, [{ ...PICTURE.variants[0], bytes: -5 }])],
    ['an enclosure of no type', { format: 'json', rule: 'enclosure', n: 1 }, (world) => picture(world, [{ ...PICTURE.variants[0], type: 'picture' }])],
  ])('%s breaks the profile', async (_, problem, damage) => {
    await using world = await openPaper(kind)
    await damage(world)
    const found = await only(world)
    expect(found.valid).toBe(false)
    expect(found.problems).toContainEqual(expect.objectContaining({ code: 'profile', level: 'error', ...problem }))
  }) // biome-ignore format: one table

  test('while a feed cannot be built readers keep the last good document, and log and health say so', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    const web = handler(world)
    const healthz = async () =>
      (await (await web.request('/healthz')).json()) as { status: string; checks: Record<string, unknown> }
    const before = await server.ask('/feeds/all.rss')
    expect((await healthz()).checks['feeds']).toEqual({ status: 'ok' })

    await sql`alter table article_tag rename to article_tag_away`.execute(world.db)
    await world.db.transaction().execute((db) => site.touch(db))
    await world.db.updateTable('channel').set({ version: 99 }).execute()
    await vi.waitFor(async () => {
      expect(await server.ask('/feeds/all.rss')).toMatchObject({ status: 200, body: before.body })
      expect(world.logs.find((log) => log.event === 'a feed could not be built')).toMatchObject({
        level: 'error',
        details: { feed: 'all.rss', kept: true },
      })
    }, SEEN)
    expect(await healthz()).toMatchObject({
      status: 'degraded',
      checks: { feeds: { status: 'degraded', detail: 'cannot be built: all.rss' } },
    })

    await sql`alter table article_tag_away rename to article_tag`.execute(world.db)
    await publishAll(world, [{ guid: 'g9' }])
    await vi.waitFor(async () => expect((await server.ask('/feeds/all.rss')).body.toString()).toContain('خبر g9'), SEEN)
    expect(await healthz()).toMatchObject({ checks: { feeds: { status: 'ok' } } })
    expect((await only(world)).valid).toBe(true)
  })

  test('a damaged picture costs its story that picture, and the feed nothing else', async () => {
    await using world = await openPaper(kind)
    await using server = await serveFeeds(world)
    await picture(world, 'garbage')
    await publishAll(world, [{ guid: 'g9' }])
    await vi.waitFor(async () => {
      const { body } = await server.ask('/feeds/all.rss')
      expect(body.toString()).toContain('خبر g9')
      expect(body.toString()).toContain('خبر g1')
    }, SEEN)
    expect((await only(world)).valid).toBe(true)
  })

  test('languages that the channel is not for are told', async () => {
    await using world = await openPaper(kind)
    await channels.add(world, 'cli', { slug: 'english', title: 'English', filter: {}, language: 'en-GB' })
    await publishAll(world, [{ guid: 'e', language: 'en' }])
    const [all, english] = await health(world)
    expect(all!.problems).toEqual([])
    expect(english!.problems).toEqual([{ code: 'languages', level: 'warning', languages: ['ar'], wanted: ['en-GB'] }])
    expect(english!.valid).toBe(true)
    await site.set(world, 'cli', { language: 'tr' })
    expect((await only(world)).problems).toMatchObject([{ code: 'languages', wanted: ['tr'] }])
  })

  test('a feed that is too short, silent, without pictures or words is told of', async () => {
    await using world = await openWorld(kind, NOW)
    await channels.add(world, 'cli', { slug: 'short', title: 'قصير', filter: {}, size: 10 })
    expect((await only(world, 'short')).problems).toEqual([{ code: 'empty', level: 'warning' }])
    await publishAll(
      world,
      Array.from({ length: 30 }, (_, n) => ago(world, n / 2)),
    )
    expect((await only(world, 'short')).problems).toEqual([
      { code: 'no-images', level: 'warning', n: 10, entries: 10 },
      { code: 'too-short', level: 'warning', size: 10, covers: 4.5, perDay: 1 },
    ])
    expect((await only(world)).problems).toEqual([{ code: 'no-images', level: 'warning', n: 30, entries: 30 }])
    world.clock.advance({ hours: 24 * 6 })
    expect((await only(world)).problems.map(({ code }) => code)).toEqual(['no-images'])
    world.clock.advance({ hours: 24 })
    expect((await only(world)).problems[1]).toEqual({ code: 'silent', level: 'warning', days: 7, perDay: 1 })
    world.clock.advance({ hours: 24 * 30 })
    expect((await only(world)).problems[1]).toEqual({ code: 'silent', level: 'warning', days: 37, perDay: 0 })
    await world.db
      .updateTable('article')
      .set({ excerpt: ' ', updated_at: Date.parse('2027-05-05T00:00:00Z') as Instant })
      .execute()
    const found = await only(world, 'short')
    expect(found.problems.slice(2)).toEqual([
      { code: 'no-descriptions', level: 'warning', n: 10, entries: 10 },
      { code: 'future', level: 'warning', n: 10 },
    ])
    expect(found).toMatchObject({ valid: true, dates: { future: 10 } })
  })

  test('every problem has its sentence in each language, safe for a terminal', async () => {
    await using world = await openPaper(kind)
    await world.db
      .updateTable('article')
      .set({ entry_id: '1', title: '\u001b[31mred\u202e' })
      .where('guid', '=', 'g1')
      .execute()
    await world.db.updateTable('article').set({ language: '!' }).where('guid', '=', 'g2').execute()
    await world.db.updateTable('channel').set({ feed_id: 'all' }).execute()
    const found = await only(world)
    for (const language of spoken) {
      const lines = sentences(language, found)
      expect(lines).toHaveLength(5)
      expect(lines.join('\n')).not.toMatch(/…|health\.|[\u001b\u202e]|undefined/)
    }
    expect(sentences('en', found)[0]).toBe('all: NOT VALID; 1 of at most 50 entries; 0 readers')
    expect(sentences('en', found).join('\n')).toMatch(/“\[31mred”: its id is not an absolute address/)
  })
})

test('our documents are read as they are, hostile articles among them', () => {
  for (const format of formats) {
    const body = build(input([story(1, { picture: PICTURE }), story(2, HOSTILE)]), format).body.toString()
    const reading = readDocument(body, format)
    expect(reading.entries.map(({ id }) => id)).toEqual([story(1).entry_id, story(2).entry_id])
    expect(reading.entries[0]!.enclosures).toEqual([
      { url: 'https://news.example/m/c0ffee-1200.jpg', type: 'image/jpeg', length: '81234' },
    ])
  }
})

test.each([
  '', 'x', '<a>', '<a></b>', '<a/><b/>', '<a b="1" b="2"/>', '<a b=1/>', '<a b="<"/>', '<a>&nbsp;</a>', '<a>&</a>', '<a>]]></a>', '<a>\u0007</a>', '<a>&#7;</a>',
  '<a>&#x110000;</a>', '<a><![CDATA[x</a>', '<a><!-- -- --></a>', '<x:a/>', '<a y:b="1"/>', '<!DOCTYPE a><a/>', '<a>\ud800</a>', '<1a/>', '<a', 'x<a/>',
])('%s is not well-formed', (xml) => {
  expect(() => readXml(xml)).toThrow()
}) // biome-ignore format: one list

test('whatever is well-formed is read, whatever is not is refused, and neither takes long', () => {
  expect(
    readXml('<?xml version="1.0"?><!-- c --><a xmlns:q="u" q:b=\'&lt;\'>x<![CDATA[<y>]]>&#x5d0;<q:c/></a>'),
  ).toMatchObject({
    name: 'a',
    text: 'x<y>א',
    children: [{ name: 'q:c' }],
  })
  const piece = fc.constantFrom(
    '<a',
    '>',
    '</a>',
    ' b="',
    '"',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '&',
    'amp;',
    '<?',
    '?>',
    '=',
    "'",
    ' ',
    'x:',
    '/',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 400 }), (pieces) => {
      try {
        readXml(pieces.join(''))
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }),
  )
  const since = performance.now()
  for (const part of ['<a b="', '<!--', '<a', '<a x="1" ', ' ']) expect(() => readXml(part.repeat(50_000))).toThrow()
  expect(performance.now() - since).toBeLessThan(2_000)
})

async function openPaper(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  await publishAll(
    world,
    ['g1', 'g2', 'g3'].map((guid) => ({ guid, image: { url: `https://img.example/${guid}.jpg` } })),
  )
  await world.db
    .updateTable('article')
    .set({ published_at: Date.parse('2026-11-22T08:00:00Z') as Instant })
    .execute()
  return world
}

async function only(world: World, slug = 'all'): Promise<Health> {
  return (await health(world, slug))[0]!
}

/** Something that was published so many hours ago. */
function ago(world: World, hours: number) {
  return { guid: `${hours}`, published_at: (world.now().epochMilliseconds - hours * HOUR) as Instant }
}

/** Gives the first article a picture whose renderings are stored like this, whatever it is. */
async function picture(world: World, variants: unknown): Promise<void> {
  const { id } = await world.db
    .insertInto('image')
    .values({
      hash: 'x', type: 'image/jpeg', width: 320, height: 213, bytes: 1, created_at: 0 as Instant,
      variants: typeof variants === 'string' ? variants : JSON.stringify(variants),
    }) // biome-ignore format: one row
    .returning('id')
    .executeTakeFirstOrThrow()
  await world.db.updateTable('article').set({ image_id: id }).where('guid', '=', 'g1').execute()
}

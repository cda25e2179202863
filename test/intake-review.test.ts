import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as digests from '../src/digests/index.ts'
import * as intake from '../src/intake/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { bring, item, only, source } from './incoming.ts'
import { databases, openWorld, type World } from './world.ts'

const MONDAY = '2026-11-23T05:00:00Z' // 08:00 in Istanbul

describe.each(databases)('review and digests on %s', (kind) => {
  test('a first reading floods no digest, and the next poll’s new item is told', async () => {
    await using world = await newsroom(kind)
    const partner = await source(world, 'partner')
    const first = Array.from({ length: 50 }, (_, n) => item(String(n), { at: n % 2 ? '2026-11-23T01:00:00Z' : null }))
    expect(await bring(world, partner, first, { first: true })).toMatchObject({ added: 50 })
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ state: 'skipped', reason: 'no-news' })
    expect(await articles.latest(world.db, { now: now(world), limit: 100 })).toHaveLength(50)

    world.clock.advance({ hours: 1 })
    const edited = item('7', { at: '2026-11-23T01:00:00Z', title: 'عنوان مصحَّح للخبر' })
    await bring(world, partner, [
      item('new', { at: '2026-11-23T05:30:00Z' }),
      edited,
      ...first.filter((_, n) => n !== 7),
    ])
    expect((await only(world, edited.guid)).archived_at, 'a revised one stays in the archive').not.toBeNull()
    world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ state: 'composed', stories: 1 })
    expect(await told(world, '2026-11-24')).toEqual(['https://partner.example/?p=new'])
  })

  test('a first reading is news where the source is set so', async () => {
    await using world = await newsroom(kind)
    const partner = await source(world, 'partner', { first: 'news' })
    await bring(world, partner, [item('1', { at: '2026-11-23T01:00:00Z' })], { first: true })
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ state: 'composed', stories: 1 })
  })

  test('what is held is seen by nobody until it is released, and an edit replaces what waits', async () => {
    await using world = await newsroom(kind)
    const agency = await source(world, 'agency', { intake: 'hold' })
    expect(await bring(world, agency, [item('1'), item('2')])).toMatchObject({ added: 0, held: 2 })
    expect(await bring(world, agency, [item('1'), item('2')])).toMatchObject({ held: 0, unchanged: 2 })
    expect(await bring(world, agency, [item('1', { title: 'عنوان منقّح قبل النشر' }), item('2')])).toMatchObject({
      held: 1,
    })
    expect(await articles.latest(world.db, { now: now(world), limit: 9 })).toEqual([])
    expect(await intake.stored(world.db, agency)).toMatchObject([{ state: 'held' }, { state: 'held' }])
    const waiting = await intake.held(world.db, agency.id)
    expect(waiting.map(({ title, state }) => [title, state])).toEqual([
      ['عنوان منقّح قبل النشر', 'new'],
      ['خبر من الشريك رقم 2', 'new'],
    ])

    expect(await intake.release(world, 'cli', agency, ['https://partner.example/?p=1'])).toEqual({
      published: 1,
      revised: 0,
      also: 0,
    })
    expect((await only(world, 'https://partner.example/?p=1')).title).toBe('عنوان منقّح قبل النشر')
    await expect(intake.release(world, 'cli', agency, ['https://partner.example/?p=1'])).rejects.toMatchObject({
      code: 'item-not-held',
    })
    const trail = await world.db
      .selectFrom('change')
      .select(['actor', 'verb', 'subject'])
      .where('verb', '=', 'item.release')
      .execute()
    expect(trail).toEqual([{ actor: 'cli', verb: 'item.release', subject: `source:${agency.id}` }])
  })

  test('an edit of what was released waits too, and is released or refused alone', async () => {
    await using world = await newsroom(kind)
    const agency = await source(world, 'agency', { intake: 'hold' })
    await bring(world, agency, [item('1')])
    await intake.release(world, 'cli', agency, 'all')
    const { guid, title } = await only(world, item('1').guid)
    expect(await bring(world, agency, [item('1', { title: 'خطأ في العنوان الجديد' })])).toMatchObject({
      held: 1,
      revised: 0,
    })
    expect(await intake.held(world.db)).toMatchObject([{ state: 'change', title: 'خطأ في العنوان الجديد' }])
    expect((await only(world, guid)).title).toBe(title)
    expect(await intake.refuse(world, 'cli', agency, [guid])).toBe(1)
    expect(await bring(world, agency, [item('1', { title: 'خطأ في العنوان الجديد' })])).toMatchObject({ unchanged: 1 })
    await bring(world, agency, [item('1', { title: 'عنوان صحيح هذه المرة' })])
    expect(await intake.release(world, 'cli', agency, 'all')).toEqual({ published: 0, revised: 1, also: 0 })
    expect((await only(world, guid)).title).toBe('عنوان صحيح هذه المرة')
    expect(await intake.held(world.db)).toEqual([])
  })

  test('a date that was refused is not proposed again', async () => {
    await using world = await newsroom(kind)
    const agency = await source(world, 'agency', { intake: 'hold' })
    await bring(world, agency, [item('1', { at: '2026-11-22T04:00:00Z' })])
    await intake.release(world, 'cli', agency, 'all')
    const moved = item('1', { at: '2026-11-21T04:00:00Z' })
    expect(await bring(world, agency, [moved])).toMatchObject({ held: 1 })
    expect(await bring(world, agency, [moved])).toMatchObject({ held: 0, unchanged: 1 })
    await intake.refuse(world, 'cli', agency, [moved.guid])
    expect(await bring(world, agency, [moved])).toMatchObject({ held: 0, unchanged: 1 })
    expect((await only(world, moved.guid)).published_at).toBe(Date.parse('2026-11-22T04:00:00Z'))
  })

  test('what was refused does not come back by itself', async () => {
    await using world = await newsroom(kind)
    const agency = await source(world, 'agency', { intake: 'hold' })
    await bring(world, agency, [item('1')])
    await intake.refuse(world, 'cli', agency, [item('1').guid])
    expect(await bring(world, agency, [item('1', { title: 'عنوان آخر لما رُفض' })])).toMatchObject({
      held: 0,
      unchanged: 1,
    })
    expect(await intake.held(world.db)).toEqual([])
    expect(await intake.stored(world.db, agency)).toEqual([])
  })

  test('the days that a story waited for review cost it no digest, and its later edits do not date it back', async () => {
    await using world = await newsroom(kind)
    const agency = await source(world, 'agency', { intake: 'hold' })
    await bring(world, agency, [item('old', { at: '2026-11-01T04:00:00Z' }), item('1', { at: '2026-11-23T04:00:00Z' })])
    await bring(world, agency, [item('archive', { at: '2026-11-23T03:00:00Z' })], { first: true })
    world.clock.set('2026-11-27T04:30:00Z')
    await intake.release(world, 'cli', agency, 'all')
    await bring(world, { ...agency, intake: 'publish' }, [item('1', { at: '2026-11-23T04:00:00Z', tags: ['بحر'] })])
    expect(await only(world, item('1').guid)).toMatchObject({
      tags: ['بحر'],
      published_at: Date.parse('2026-11-27T03:30:00Z'),
    })
    expect((await only(world, item('archive').guid)).published_at).toBe(Date.parse('2026-11-23T03:00:00Z'))
    world.clock.set('2026-11-27T05:00:00Z')
    await digests.composeNow(world, 'cli', 'daily')
    expect(await told(world, '2026-11-27')).toEqual([item('1').guid])
  })

  test('a story that its source takes back stops the editions that carry it, says why, and may return', async () => {
    await using world = await newsroom(kind)
    const partner = await source(world, 'partner', { title: 'وكالة البحر' })
    const both = [item('1', { at: '2026-11-23T04:00:00Z' }), item('2', { at: '2026-11-23T03:00:00Z' })]
    await bring(world, partner, both)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    expect(await bring(world, partner, [both[1]!], { deleted: [both[0]!.guid, 'unknown'] })).toMatchObject({
      withdrawn: 1,
    })
    const gone = await only(world, both[0]!.guid)
    expect(gone.withdrawn_reason).toBe('سحبه مصدره (وكالة البحر).')
    const letters = await world.db
      .selectFrom('delivery')
      .innerJoin('part', 'part.id', 'part_id')
      .select('text')
      .execute()
    expect(letters).toHaveLength(1)
    expect(letters[0]!.text).not.toContain('رقم 1')
    expect(edition).toBeTruthy()
    expect(await intake.stored(world.db, partner)).toHaveLength(1)
    expect(await bring(world, partner, [both[1]!], { deleted: [both[0]!.guid] })).toMatchObject({ withdrawn: 0 })

    expect(await bring(world, partner, both)).toMatchObject({ revised: 1, unchanged: 1 })
    expect(await only(world, both[0]!.guid)).toMatchObject({ id: gone.id, withdrawn_at: null, withdrawn_reason: null })
    expect(
      (await articles.latest(world.db, { now: now(world), limit: 9, query: 'الشريك' })).map((one) => one.guid),
    ).toContain(gone.guid)
    expect(await bring(world, partner, both)).toMatchObject({ unchanged: 2 })
  })

  test('a story that returns is told to those who have not been told', async () => {
    await using world = await newsroom(kind)
    const partner = await source(world, 'partner')
    const both = [item('1', { at: '2026-11-23T04:00:00Z' }), item('2', { at: '2026-11-23T03:00:00Z' })]
    await bring(world, partner, both)
    await digests.composeNow(world, 'cli', 'daily')
    await bring(world, partner, [both[1]!], { deleted: [both[0]!.guid] })
    await bring(world, partner, both)
    await subscribers.importCsv(world, 'cli', Readable.from(['email\nnew@example.org\n']), { list: 'list' })
    world.clock.set('2026-11-24T03:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ stories: 2, recipients: 1 })
  })

  test('what an editor withdrew stays withdrawn, whatever its source does', async () => {
    await using world = await newsroom(kind)
    const partner = await source(world, 'partner')
    await bring(world, partner, [item('1')])
    const { public_id, guid } = await only(world, item('1').guid)
    await digests.withdraw(world, 'cli', public_id, 'خطأ منا')
    expect(await bring(world, partner, [item('1', { title: 'عنوان آخر تمامًا' })])).toMatchObject({ revised: 0 })
    expect(await bring(world, partner, [], { deleted: [guid] })).toMatchObject({ withdrawn: 0 })
    expect(await bring(world, partner, [item('1')])).toMatchObject({ added: 0, revised: 0 })
    expect((await only(world, guid)).withdrawn_reason).toBe('خطأ منا')
  })

  test('an item that vanishes from the middle of a document is missing when it is so twice, and gone when its page is', async () => {
    await using world = await newsroom(kind)
    const partner = await source(world, 'partner')
    const hour = (n: number) => item(String(n), { at: `2026-11-23T0${n}:00:00Z` })
    await bring(world, partner, [4, 3, 2, 1, 0].map(hour))
    expect(await bring(world, partner, [4, 2, 1].map(hour))).toMatchObject({ missing: [] })
    expect(await bring(world, partner, [4, 2, 1].map(hour))).toMatchObject({
      missing: [{ key: '//partner.example?p=3', link: 'https://partner.example/stories/3' }],
    })
    expect(await bring(world, partner, [4, 2, 1].map(hour)), 'its page was asked').toMatchObject({ missing: [] })
    expect(await bring(world, partner, [4, 3, 1].map(hour)), 'another one').toMatchObject({ missing: [] })
    expect(await bring(world, partner, [4, 3, 2, 1].map(hour))).toMatchObject({ missing: [] })
    expect(await bring(world, partner, [4, 3, 1].map(hour)), 'once, since it was seen again').toMatchObject({
      missing: [],
    })
    const { missing } = await bring(world, partner, [4, 3, 1].map(hour))
    expect(missing.map(({ key }) => key)).toEqual(['//partner.example?p=2'])
    expect(
      await intake.gone(
        world,
        'job',
        partner,
        missing.map(({ key }) => key),
      ),
    ).toBe(1)
    expect((await only(world, hour(2).guid)).withdrawn_at).not.toBeNull()
    expect(await bring(world, partner, [4, 3, 1].map(hour), { window: false })).toMatchObject({ missing: [] })
  })
})

async function newsroom(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, MONDAY)
  await channels.add(world, 'cli', { slug: 'news', title: 'أخبار', filter: {} })
  await subscribers.addList(world, 'cli', { slug: 'list', title: 'نشرة الصباح', language: 'ar' })
  await subscribers.importCsv(world, 'cli', Readable.from(['email\na@example.org\n']), { list: 'list' })
  await digests.add(world, 'cli', {
    slug: 'daily',
    channel: 'news',
    list: 'list',
    at: '08:00',
    zone: 'Europe/Istanbul',
  })
  return world
}

async function told(world: World, day: string): Promise<string[]> {
  const page = (await digests.editionPage(world.read, 'daily', day))!
  return [...page.stories, ...page.headlines].map((story) => story.guid)
}

function now(world: World) {
  return world.now().epochMilliseconds as never
}

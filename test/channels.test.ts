import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as channels from '../src/channels.ts'
import { startProgram } from './program.ts'
import { databases, openWorld } from './world.ts'

const NOW = '2026-12-01T08:00:00Z'

describe.each(databases)('a channel, on %s', (kind) => {
  test('is changed in what is given alone, with the trail, and only when something is otherwise', async () => {
    await using world = await openWorld(kind, NOW)
    const made = await channels.add(world, 'cli', {
      ...{ slug: 'sea', title: 'البحر', description: 'كل ما يجري فيه', size: 30, summary: true },
      filter: { section: ['البحر'], tag: ['سفن', '+++'] },
    })
    world.clock.advance({ minutes: 5 })
    const same = await channels.set(world, 'cli', 'sea', {
      title: ' البحر\n',
      filter: { tag: ['سُفن', '+++'], section: ['البحر'] },
    })
    expect(same).toEqual(made)
    const changed = await channels.set(world, 'desk', 'sea', { size: 10, summary: false })
    expect(changed).toEqual({
      ...made,
      size: 10,
      text: 'full',
      version: made.version + 1,
      changed_at: made.changed_at + 300_000,
    })
    const rows = await world.db.selectFrom('change').selectAll().where('verb', '=', 'channel.set').execute()
    expect(
      rows.map(({ actor, subject, before, after }) => [actor, subject, JSON.parse(before!), JSON.parse(after!)]),
    ).toEqual([['desk', 'channel:sea', { size: 30, text: 'summary' }, { size: 10, text: 'full' }]])
    for (const wrong of [
      { size: 0 },
      { size: 501 },
      { size: 1.5 },
      { title: '  ' },
      { filter: { source: [-1] } },
      { filter: { language: ['!'] } },
      { language: 'not one' },
    ])
      await expect(channels.set(world, 'cli', 'sea', wrong)).rejects.toMatchObject({ name: 'Problem' })
    await expect(channels.set(world, 'cli', 'lake', { size: 5 })).rejects.toMatchObject({ code: 'channel-not-found' })
    expect(await channels.find(world.db, 'sea')).toEqual(changed)
  })

  test('keeps its own language, and follows its filter in the one that it had from there', async () => {
    await using world = await openWorld(kind, NOW)
    await channels.add(world, 'cli', { slug: 'tr', title: 'Türkçe', filter: { language: ['tr'] } })
    await channels.add(world, 'cli', { slug: 'own', title: 'Own', language: 'ar', filter: { language: ['tr'] } })
    const languageAfter = async (slug: string, language: string[]) =>
      (await channels.set(world, 'cli', slug, { filter: { language } })).language
    expect(await languageAfter('tr', ['en'])).toBe('en')
    expect(await languageAfter('tr', ['en', 'tr'])).toBeNull()
    expect(await languageAfter('own', ['en'])).toBe('ar')
    expect((await channels.set(world, 'cli', 'own', { language: '' })).language).toBeNull()
  })

  test('is as it was when its last change is taken back by whoever made it, and by nobody after another one', async () => {
    await using world = await openWorld(kind, NOW)
    const made = await channels.add(world, 'cli', { slug: 'sea', title: 'البحر', filter: { language: ['ar'] } })
    world.clock.advance({ minutes: 1 })
    const { changed_at } = await channels.set(world, 'one', 'sea', { title: 'المحيط', filter: {} })
    expect(await channels.undo(world, 'other', 'sea', changed_at)).toBeUndefined()
    expect(await channels.undo(world, 'one', 'sea', (instant(world.now()) + 1) as never)).toBeUndefined()
    world.clock.advance({ minutes: 1 })
    const back = await channels.undo(world, 'one', 'sea', changed_at)
    expect(back).toMatchObject({ title: 'البحر', filter: made.filter, language: 'ar', version: made.version + 2 })
    await channels.set(world, 'one', 'sea', { title: 'المحيط', filter: {} })
    await channels.set(world, 'other', 'sea', { title: 'الخليج' })
    expect(await channels.undo(world, 'one', 'sea', instant(world.now()))).toBeUndefined()
  })
})

test('`channel set` replaces the kinds of filter that are given, and an empty word takes one away', async () => {
  await using world = await openWorld('sqlite', NOW)
  await channels.add(world, 'cli', {
    slug: 'sea',
    title: 'البحر',
    filter: { section: ['البحر'], language: ['ar'], tag: ['سفن'] },
  })
  const ended = await startProgram(world, [
    'channel',
    'set',
    'sea',
    '--tag',
    'مراكب',
    '--tag',
    'قوارب',
    '--section',
    '',
    '--size',
    '7',
    '--summary',
  ]).ended
  expect(ended).toMatchObject({
    code: 0,
    answer: {
      slug: 'sea',
      title: 'البحر',
      filter: { tag: ['مراكب', 'قوارب'], language: ['ar'] },
      size: 7,
      text: 'summary',
    },
  })
  const refused = await startProgram(world, ['channel', 'set', 'all', '--section', 'البحر']).ended
  expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('all')])
})

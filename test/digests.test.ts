import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as editions from '../src/editions.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MONDAY = '2026-11-23T05:00:00Z' // 08:00 in Istanbul

describe.each(databases)('digests on %s', (kind) => {
  test('an edition is composed once, however often and from however many sides', async () => {
    await using world = await newsroom(kind)
    await publish(world, 3)
    if (kind !== 'pglite') {
      await using other = await world.again()
      const both = await Promise.all([
        digests.composeNow(world, 'cli', 'daily'),
        digests.composeNow(other, 'cli', 'daily'),
      ])
      expect(both.map((one) => one.state).sort()).toEqual(['composed', 'exists'])
    }
    await digests.composeNow(world, 'cli', 'daily')
    const again = await digests.composeNow(world, 'cli', 'daily')
    expect(again).toMatchObject({
      state: 'exists',
      stories: 3,
      recipients: 2,
      day: '2026-11-23',
      url: 'https://news.example/editions/daily/2026-11-23',
    })
    expect(await world.db.selectFrom('edition').select('state').execute()).toEqual([{ state: 'frozen' }])
    expect(await deliveries.verify(world.db, again.edition!)).toMatchObject({
      recipients: 2,
      waiting: 2,
      reconciled: true,
    })
  })

  test('one that is made before its hour is the day’s: the next to come is of the next day', async () => {
    await using world = await newsroom(kind)
    world.clock.set('2026-11-24T03:00:00Z') // 06:00 in Istanbul
    await add(world, 'early', '2026-11-24T02:00:00Z')
    const slot = () => world.db.selectFrom('slot').select(['next_on', 'next_at']).executeTakeFirstOrThrow()
    expect(await slot()).toMatchObject({ next_on: '2026-11-24' })
    await digests.composeNow(world, 'cli', 'daily')
    const after = { next_on: '2026-11-25', next_at: instant(Temporal.Instant.from('2026-11-25T05:00:00Z')) }
    expect(await slot()).toEqual(after)
    await digests.composeNow(world, 'cli', 'daily') // it exists
    expect(await slot()).toEqual(after)
    world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeDue(world, 'job')).toEqual([])
    await add(world, 'later', '2026-11-24T04:00:00Z')
    world.clock.set('2026-11-25T05:00:00Z')
    expect(await digests.composeDue(world, 'job')).toMatchObject([{ state: 'composed', day: '2026-11-25', stories: 1 }])
  })

  test('too many stories: the newest in full, the rest as headlines, and none of them the next day', async () => {
    await using world = await newsroom(kind, { max: 10 })
    await publish(world, 13)
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ state: 'composed', stories: 13 })
    const page = (await digests.editionPage(world.read, 'daily', '2026-11-23'))!
    expect(page.stories.map((story) => story.guid)).toEqual(range(13, 4))
    expect(page.headlines.map((story) => story.guid)).toEqual(range(3, 1))
    const part = await world.db.selectFrom('part').select(['text', 'html', 'subject']).executeTakeFirstOrThrow()
    for (const guid of range(13, 1)) expect(part.text).toContain(`خبر ${guid}`)
    expect(part.subject).toContain('خبر g13')

    world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({
      state: 'skipped',
      reason: 'no-news',
      day: '2026-11-24',
    })
  })

  test('a story dated back after the edition comes the next day', async () => {
    await using world = await newsroom(kind)
    await publish(world, 2)
    await digests.composeNow(world, 'cli', 'daily')
    await add(world, 'late', '2026-11-23T01:00:00Z')
    world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({
      state: 'composed',
      stories: 1,
      recipients: 2,
    })
    expect(await told(world, '2026-11-24')).toEqual(['late'])
  })

  test('a story waits for its hour, and nothing past its age is told', async () => {
    await using world = await newsroom(kind)
    await add(world, 'embargoed', '2026-11-23T12:00:00Z')
    await add(world, 'old', '2026-11-20T05:00:00Z')
    await add(world, 'fresh', '2026-11-23T04:00:00Z')
    await digests.composeNow(world, 'cli', 'daily')
    expect(await told(world, '2026-11-23')).toEqual(['fresh'])
    world.clock.set('2026-11-24T05:00:00Z')
    await digests.composeNow(world, 'cli', 'daily')
    expect(await told(world, '2026-11-24')).toEqual(['embargoed'])
  })

  test('too few stories wait, with the reason recorded, and the day may still be composed by hand', async () => {
    await using world = await newsroom(kind, { min: 3 })
    await publish(world, 2)
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({
      state: 'skipped',
      reason: 'too-few',
      recipients: 0,
    })
    expect(await digests.editionPage(world.read, 'daily', '2026-11-23')).toBeUndefined()
    await add(world, 'third', '2026-11-23T04:30:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({
      state: 'composed',
      stories: 3,
      recipients: 2,
    })
  })

  test('who joins later gets what the others were told already, once', async () => {
    await using world = await newsroom(kind)
    await publish(world, 2)
    await digests.composeNow(world, 'cli', 'daily')
    await join(world, 'new@example.org')
    await add(world, 'next', '2026-11-23T06:00:00Z')
    world.clock.set('2026-11-24T04:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ stories: 3, recipients: 3 })
    const parts = await world.db
      .selectFrom('part')
      .innerJoin('delivery', 'delivery.part_id', 'part.id')
      .innerJoin('edition', 'edition.id', 'part.edition_id')
      .select(['part.stories'])
      .where('edition.day', '=', '2026-11-24')
      .orderBy('part.stories')
      .execute()
    expect(parts.map((part) => part.stories)).toEqual([1, 1, 3])
  })

  test('a letter that could not be sent gives its stories to the next one', async () => {
    await using world = await newsroom(kind)
    await publish(world, 2)
    const first = await digests.composeNow(world, 'cli', 'daily')
    await world.db.updateTable('delivery').set({ state: 'deferred', attempts: 1 }).execute()
    await world.db.updateTable('tally').set({ state: 'deferred' }).where('n', '>', 0).execute()
    world.clock.set('2026-11-24T03:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ state: 'skipped', reason: 'no-news' })
    expect(await deliveries.verify(world.db, first.edition!)).toMatchObject({ waiting: 2 })
    await add(world, 'next', '2026-11-23T06:00:00Z')
    world.clock.set('2026-11-24T04:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ stories: 3, recipients: 2 })
    expect(await told(world, '2026-11-24')).toEqual(['next', 'g2', 'g1'])
    expect(await deliveries.verify(world.db, first.edition!)).toMatchObject({
      recipients: 2,
      skipped: 2,
      waiting: 0,
      reconciled: true,
    })
  })

  test('a withdrawn story leaves the letters that have not gone', async () => {
    await using world = await newsroom(kind)
    await publish(world, 3)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await digests.withdraw(world, 'cli', 'g2', 'لم يثبت الخبر')
    const row = await world.db.selectFrom('edition').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({ state: 'frozen', revision: 2 })
    const letters = await world.db
      .selectFrom('delivery')
      .innerJoin('part', 'part.id', 'delivery.part_id')
      .select(['part.revision', 'part.text', 'part.stories'])
      .execute()
    expect(letters).toHaveLength(2)
    for (const letter of letters) {
      expect(letter).toMatchObject({ revision: 2, stories: 2 })
      expect(letter.text).not.toContain('خبر g2')
    }
    const page = (await digests.editionPage(world.read, 'daily', '2026-11-23'))!
    expect(page.stories.find((story) => story.guid === 'g2')).toMatchObject({ withdrawn_reason: 'لم يثبت الخبر' })
    expect(await deliveries.verify(world.db, edition!)).toMatchObject({ waiting: 2, reconciled: true })
  })

  test('an edition is called after a story that stands, from the moment its lead is withdrawn', async () => {
    await using world = await newsroom(kind)
    await publish(world, 3)
    await digests.composeNow(world, 'cli', 'daily')
    const named = async () => (await digests.monthOf(world.read, 'daily', '2026-11'))[0]!.subject
    expect(await named()).toContain('خبر g3')
    await digests.withdraw(world, 'cli', 'g3', '')
    expect(await named()).toContain('خبر g2')
    await world.db.updateTable('edition').set({ state: 'done' }).execute()
    await digests.withdraw(world, 'cli', 'g2', '')
    expect(await named()).toContain('خبر g1')
    await digests.withdraw(world, 'cli', 'g1', '')
    expect(await named()).not.toContain('خبر')
  })

  test('whoever sends waits for the revision of what is held, and makes it when nobody does', async () => {
    await using relay = await openRelay()
    await using world = await newsroom(kind, {}, { NASHRA_SMTP: relay.url })
    await publish(world, 2)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    const now = instant(world.now())
    await world.db.transaction().execute(async (db) => {
      await articles.withdraw(db, 'cli', 'g2', '', now)
      await editions.hold(db, (await editions.find(db, edition!)).id, editions.WITHDRAWN, now) // and died before the revision
    })
    const revise = () => digests.finishBegun(world, 'cli')
    expect(await deliveries.sendUntilEmpty(world, { wait: 0, revise })).toMatchObject({ submitted: 2 })
    expect(relay.received.every((letter) => !decoded(letter.source).includes('خبر g2'))).toBe(true)
    expect(await deliveries.heldBack(world.db)).toBe(0)
  })

  test('a story withdrawn while its edition is paused does not go out with it', async () => {
    await using world = await newsroom(kind)
    await publish(world, 2)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await digests.pause(world, 'cli', edition!)
    await digests.withdraw(world, 'cli', 'g1', '')
    expect(await world.db.selectFrom('edition').select('state').execute()).toEqual([{ state: 'held' }])
    expect(await digests.resume(world, 'cli', edition!)).toBe('frozen')
    const letters = await world.db
      .selectFrom('delivery')
      .innerJoin('part', 'part.id', 'delivery.part_id')
      .innerJoin('edition', 'edition.id', 'delivery.edition_id')
      .select(['part.text', 'edition.state'])
      .execute()
    expect(letters).toHaveLength(2)
    for (const letter of letters) {
      expect(letter.state).toBe('frozen')
      expect(letter.text).not.toContain('خبر g1')
    }
    const trail = await world.db.selectFrom('change').select('verb').where('verb', 'like', 'edition.%').execute()
    expect(trail.map((row) => row.verb)).toEqual(['edition.pause', 'edition.resume', 'edition.revise'])
  })

  test('a story that comes while an edition is composed is told the next day', async () => {
    await using world = await newsroom(kind)
    await publish(world, 1)
    const composing = digests.composeNow(world, 'cli', 'daily')
    await add(world, 'meanwhile', '2026-11-23T04:59:00Z')
    const composed = await composing
    world.clock.set('2026-11-24T04:00:00Z')
    await add(world, 'next', '2026-11-24T03:00:00Z')
    await digests.composeNow(world, 'cli', 'daily')
    const seen = [...(await told(world, '2026-11-23')), ...(await told(world, '2026-11-24'))]
    expect(composed.state).toBe('composed')
    expect(seen.sort()).toEqual(['g1', 'meanwhile', 'next'])
  })

  test('a story that was looked at on a day without readers is not passed over by an edition of an earlier moment', async () => {
    await using world = await newsroom(kind)
    await world.db.updateTable('subscription').set({ state: 'left' }).execute()
    await add(world, 'early', '2026-11-22T23:00:00Z')
    await add(world, 'later', '2026-11-23T03:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ reason: 'no-readers' })
    await join(world, 'c@example.org')
    const at = Temporal.Instant.from('2026-11-23T01:00:00Z')
    expect(await digests.composeNow(world, 'cli', 'daily', at)).toMatchObject({ state: 'composed', stories: 1 })
    world.clock.set('2026-11-24T02:00:00Z')
    await digests.composeNow(world, 'cli', 'daily')
    expect(await told(world, '2026-11-24')).toEqual(['later'])
  })

  test('an edition whose only story was withdrawn goes to nobody', async () => {
    await using world = await newsroom(kind)
    await publish(world, 1)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await digests.withdraw(world, 'cli', 'g1', '')
    expect(await deliveries.verify(world.db, edition!)).toMatchObject({
      recipients: 2,
      skipped: 2,
      waiting: 0,
      reconciled: true,
    })
  })

  test('a withdrawal reaches any number of readers, and one digest in trouble does not stop another', async () => {
    await using world = await newsroom(kind)
    const rows = Array.from({ length: 17_000 }, (_, n) => `r${n}@example.org`).join('\n')
    await subscribers.importCsv(world, 'cli', Readable.from([`email\n${rows}\n`]), { list: 'list' })
    await publish(world, 1)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await digests.withdraw(world, 'cli', 'g1', '')
    expect(await deliveries.verify(world.db, edition!)).toMatchObject({
      recipients: 17_002,
      skipped: 17_002,
      waiting: 0,
      reconciled: true,
    })

    await digests.add(world, 'cli', {
      slug: 'other',
      channel: 'news',
      list: 'list',
      at: '08:00',
      zone: 'Europe/Istanbul',
    })
    await add(world, 'fresh', '2026-11-24T03:00:00Z')
    await world.db.updateTable('slot').set({ zone: 'Nowhere/At/All' }).where('id', '=', 1).execute()
    world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeDue(world, 'job')).toMatchObject([{ digest: 'other', state: 'composed' }])
    expect(world.logs.filter((line) => line.level === 'error')).toHaveLength(1)
  })

  test('the hour comes once a day by the clock of its zone, and a missed one is made up only within its time', async () => {
    await using world = await newsroom(kind)
    await publish(world, 1)
    world.clock.set('2026-11-24T04:59:00Z')
    expect(await digests.composeDue(world, 'job')).toEqual([])
    world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeDue(world, 'job')).toMatchObject([{ state: 'composed', day: '2026-11-24' }])
    expect(await digests.composeDue(world, 'job')).toEqual([])
    world.clock.set('2026-11-23T20:00:00Z') // the clock is set back: nothing is repeated
    expect(await digests.composeDue(world, 'job')).toEqual([])

    await add(world, 'a', '2026-11-25T03:00:00Z')
    world.clock.set('2026-11-25T08:59:00Z') // down since yesterday, back within four hours
    expect(await digests.composeDue(world, 'job')).toMatchObject([{ state: 'composed', day: '2026-11-25' }])
    await add(world, 'b', '2026-11-27T03:00:00Z')
    world.clock.set('2026-11-27T09:01:00Z') // two days down, back too late
    expect(await digests.composeDue(world, 'job')).toMatchObject([
      { state: 'skipped', reason: 'missed', day: '2026-11-27' },
    ])
    world.clock.set('2026-11-28T05:00:00Z')
    expect(await digests.composeDue(world, 'job')).toMatchObject([{ state: 'composed', day: '2026-11-28', stories: 1 }])
  })

  test('recipients that a crash left unwritten are written by whoever comes next', async () => {
    await using world = await newsroom(kind)
    await publish(world, 1)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await world.db.deleteFrom('delivery').where('subscriber_id', '=', 2).execute()
    await world.db.deleteFrom('follow').where('subscription_id', '=', 2).execute()
    await world.db.updateTable('tally').set({ n: 1 }).execute()
    await world.db.updateTable('edition').set({ state: 'composing', cursor: 1, frozen_at: null }).execute()
    await digests.composeDue(world, 'job')
    expect(await deliveries.verify(world.db, edition!)).toMatchObject({ recipients: 2, waiting: 2, reconciled: true })
  })

  test('a preview is the letter, and changes nothing', async () => {
    await using world = await newsroom(kind)
    await publish(world, 2)
    const before = await digests.preview(world, 'daily', { subscriber: 'a@example.org' })
    expect(await world.db.selectFrom('story').select('seq').execute()).toEqual([])
    await digests.composeNow(world, 'cli', 'daily')
    const after = await digests.preview(world, 'daily', { subscriber: 'a@example.org' })
    expect(after.html).toBe(before.html)
    expect(after.text).toBe(before.text)
    expect(after).toMatchObject({ subject: before.subject, stories: 2 })
  })

  test('nobody on the list: skipped, and the stories wait', async () => {
    await using world = await newsroom(kind)
    await publish(world, 1)
    await world.db.updateTable('subscription').set({ state: 'left' }).execute()
    expect(await digests.composeNow(world, 'cli', 'daily')).toMatchObject({ state: 'skipped', reason: 'no-readers' })
  })
})

async function newsroom(
  kind: (typeof databases)[number],
  digest: { max?: number; min?: number } = {},
  environment: Record<string, string> = {},
): Promise<World> {
  const world = await openWorld(kind, '2026-11-23T05:00:00Z', environment)
  await channels.add(world, 'cli', { slug: 'news', title: 'أخبار', filter: {} })
  await subscribers.addList(world, 'cli', { slug: 'list', title: 'نشرة الصباح', language: 'ar' })
  await join(world, 'a@example.org')
  await join(world, 'b@example.org')
  await digests.add(world, 'cli', {
    slug: 'daily',
    channel: 'news',
    list: 'list',
    at: '08:00',
    zone: 'Europe/Istanbul',
    ...digest,
  })
  return world
}

async function join(world: World, address: string): Promise<void> {
  await subscribers.importCsv(world, 'cli', Readable.from([`email\n${address}\n`]), { list: 'list' })
}

/** g1 is the oldest; all of them within the hours before Monday's edition. */
async function publish(world: World, n: number): Promise<void> {
  for (let i = 1; i <= n; i++)
    await add(
      world,
      `g${i}`,
      Temporal.Instant.from(MONDAY)
        .subtract({ minutes: 60 - i })
        .toString(),
    )
}

async function add(world: World, guid: string, published: string): Promise<void> {
  const published_at = instant(Temporal.Instant.from(published))
  await articles.publish(world, 'cli', [
    { guid, title: `خبر ${guid}`, body_html: '<p>نص الخبر</p>', language: 'ar', published_at },
  ])
}

async function told(world: World, day: string): Promise<string[]> {
  const page = (await digests.editionPage(world.read, 'daily', day))!
  return [...page.stories, ...page.headlines].map((story) => story.guid)
}

function range(from: number, to: number): string[] {
  return Array.from({ length: from - to + 1 }, (_, index) => `g${from - index}`)
}

/** The words of a letter's parts. */
function decoded(source: string): string {
  return source
    .split(/\r\n\r\n/)
    .map((part) => Buffer.from(part.replace(/\r\n--.*$/s, ''), 'base64').toString())
    .join('\n')
}

import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { addressHash, email } from '../src/address.ts'
import { take } from '../src/bounces/take.ts'
import * as digests from '../src/digests/index.ts'
import * as leftLog from '../src/left-log.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const BASE = 'email,name\na@example.org,Amal\nb@example.org,Bahar\nc@example.org,Cem\n'
const CLEANED = 'email,clean_time\na@example.org,2026-11-01 10:00:00\n'
const LEFT = 'email,unsub_time\nb@example.org,2026-11-01 10:00:00\nn@example.org,2026-11-01 10:00:00\n'

describe.each(databases)('a no on %s', (kind) => {
  test('of one who was erased outlasts the import that had suppressed them, and none brings them back', async () => {
    await using world = await reading(kind)
    await bring(world, CLEANED)
    await subscribers.erase(world, 'cli', 'a@example.org')
    expect(await bars(world)).toEqual(['erased'])
    expect(await subscribers.undoImport(world, 'cli', 2)).toMatchObject({ lifted: 0 })
    expect(await bring(world, BASE)).toMatchObject({ added: 0 })
    expect(await bars(world)).toEqual(['erased'])
  })

  test('of one who was erased outlasts the bounce that had suppressed them', async () => {
    await using world = await reading(kind)
    await subscribers.suppress(world, 'bounce', 'a@example.org', 'bounced 5.1.1')
    await subscribers.erase(world, 'cli', 'a@example.org')
    expect(await subscribers.lift(world, 'cli', { since: Date.parse(NOW) as never })).toBe(0)
    expect(await bring(world, BASE)).toMatchObject({ added: 0 })
  })

  test.each(['lawyer', 'complaint'])('that is graver (%s) outlasts a bounce and an import', async (reason) => {
    await using world = await reading(kind)
    await bring(world, CLEANED)
    await subscribers.suppress(world, 'bounce', 'b@example.org', 'bounced 5.1.1')
    for (const address of ['a@example.org', 'b@example.org'])
      expect(await subscribers.suppress(world, 'cli', address, reason)).toBe(reason)
    expect(await subscribers.suppress(world, 'bounce', 'b@example.org', 'bounced 5.1.1')).toBe(reason)
    expect(await subscribers.undoImport(world, 'cli', 2)).toMatchObject({ lifted: 0 })
    expect(await subscribers.lift(world, 'cli', { since: Date.parse(NOW) as never })).toBe(0)
    expect(await bars(world)).toEqual([reason, reason])
    expect(await told(world, 'b@example.org')).toEqual(['suppressed bounced 5.1.1', `suppressed ${reason}`])
    // A backup of before is told the graver one too.
    await using older = await reading(kind)
    await subscribers.suppress(older, 'bounce', 'b@example.org', 'bounced 5.1.1')
    await subscribers.replay(older.db, (await leftLog.known(world.config.data)).filter(leftLog.isLeaving))
    expect(await bars(older)).toEqual([reason, reason])
  })

  test.each(['one-click', 'complaint', 'mail'] as const)(
    'of a reader (%s) counts also after an import said it, and outlasts its undoing',
    async (how) => {
      await using world = await reading(kind)
      await bring(world, LEFT)
      const { id, subscriber_id } = await of(world, 'b@example.org')
      const bounce = { edition_id: null, subscriber_id, status: null, words: '', via: 'mail', key: 'k' }
      if (how === 'complaint') await take(world, { ...bounce, kind: 'complaint' })
      else await subscribers.leaveFor(world, id, how)
      await subscribers.undoImport(world, 'cli', 2)
      expect(await of(world, 'b@example.org')).toMatchObject({ state: 'left', left_reason: how })
      expect((await told(world, 'b@example.org')).filter((line) => line.startsWith('left'))).toHaveLength(2)
      expect(await told(world, 'b@example.org')).not.toContain('back')
    },
  )

  test('is given once, however often it is said', async () => {
    await using world = await reading(kind)
    await bring(world, LEFT)
    const { id } = await of(world, 'b@example.org')
    for (let n = 0; n < 3; n++) await subscribers.leaveFor(world, id, 'mail')
    const said = await world.db.selectFrom('consent').select('form').where('actor', '=', 'reader').execute()
    expect(said).toHaveLength(1)
  })
})

describe.each(databases)('an import that is undone on %s', (kind) => {
  test('leaves alone a reader who has chosen for themselves', async () => {
    await using world = await reading(kind)
    world.clock.advance({ hours: 1 })
    const { id } = await of(world, 'a@example.org')
    const { unsubscribe } = subscribers.tokens(world, { id, requested_at: null })
    await subscribers.prefer(world, await subscribers.readLeaving(world, unsubscribe), { format: 'text' })
    await digests.prefer(world, 'reader', (await of(world, 'b@example.org')).id, { weekdays: 16 })
    await digests.prefer(world, 'cli', (await of(world, 'c@example.org')).id, { weekdays: 16 })
    expect(await subscribers.undoImport(world, 'cli', 1)).toMatchObject({ removed: 1, kept: 2 })
    expect(await of(world, 'a@example.org')).toMatchObject({ state: 'active', format: 'text' })
    expect(await of(world, 'b@example.org')).toMatchObject({ state: 'active', weekdays: 16 })
  })

  test('tells left.log whom it lifted, and who had not left after all', async () => {
    await using world = await reading(kind)
    await bring(world, CLEANED)
    await bring(world, LEFT)
    world.clock.advance({ hours: 1 })
    await subscribers.undoImport(world, 'cli', 2)
    await subscribers.undoImport(world, 'cli', 3)
    expect(await told(world, 'a@example.org')).toEqual(['suppressed import (mailchimp)', 'lifted'])
    expect(await told(world, 'n@example.org')).toEqual(['left', 'back'])
    await using older = await reading(kind)
    const lines = (await leftLog.known(world.config.data)).filter(leftLog.isLeaving)
    expect(await subscribers.replay(older.db, lines)).toBe(0)
  })
})

describe.each(databases)('one who is erased on %s', (kind) => {
  test('leaves no name in what an import would put back', async () => {
    await using world = await reading(kind)
    await bring(world, 'email,name\na@example.org,Amaline\n')
    await subscribers.erase(world, 'cli', 'a@example.org')
    expect(JSON.stringify(await world.db.selectFrom('import_entry').selectAll().execute())).not.toContain('Amal')
    expect(await subscribers.undoImport(world, 'cli', 2)).toMatchObject({ restored: 0 })
  })

  test.each(['lawyer of', 'bounced to'])(
    'leaves no address in why they were suppressed (%s), nor in the trail',
    async (why) => {
      await using world = await reading(kind)
      expect(await subscribers.suppress(world, 'cli', 'b@example.org', 'mail from b@example.org')).toBe(
        'mail from b…@example.org',
      )
      // As an earlier version has written it.
      await subscribers.suppress(world, 'cli', 'a@example.org', 'lawyer')
      const words = `${why} \\a@example.org`
      await world.db.updateTable('suppression').set({ reason: words }).where('reason', '=', 'lawyer').execute()
      await world.db
        .updateTable('change')
        .set({ after: JSON.stringify({ reason: words }) })
        .where('after', '=', '{"reason":"lawyer"}')
        .execute()
      await subscribers.erase(world, 'cli', 'a@example.org')
      const rows = [
        await world.db.selectFrom('change').selectAll().execute(),
        await world.db.selectFrom('suppression').selectAll().where('address', 'is', null).execute(),
      ]
      expect(JSON.stringify(rows)).not.toMatch(/[ab]@example\.org/)
      expect(JSON.stringify(rows[1])).toContain(why === 'lawyer of' ? why : 'erased')
    },
  )
})

async function reading(kind: Kind): Promise<World> {
  const world = await openWorld(kind, NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'Daily', language: 'en', public: true })
  await bring(world, BASE)
  world.clock.advance({ minutes: 1 })
  return world
}

function bring(world: World, text: string): Promise<subscribers.Imported> {
  return subscribers.importCsv(world, 'cli', Readable.from([text]), { list: 'daily', from: 'mailchimp' })
}

async function bars(world: World): Promise<string[]> {
  return (await subscribers.suppressions(world.db, {}, 9)).map(({ reason }) => reason)
}

function of(world: World, address: string) {
  return world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .selectAll('subscription')
    .where('address', '=', address)
    .executeTakeFirstOrThrow()
}

/** What left.log tells of an address, in order. */
async function told(world: World, address: string): Promise<string[]> {
  const lines = (await leftLog.known(world.config.data)).filter(leftLog.isLeaving)
  return lines
    .filter(({ hash }) => hash === addressHash(email(address)))
    .map(({ what, reason }) => (reason ? `${what} ${reason}` : what))
}

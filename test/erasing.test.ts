import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { addressHash, email } from '../src/address.ts'
import type * as leftLog from '../src/left-log.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { edition, mailing } from './mailing.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const HASH = addressHash(email('a@example.org'))

describe.each(databases)('a reader who asks to be forgotten on %s', (kind) => {
  test('leaves one hash behind, in no row of which the address can be read', async () => {
    await using world = await reading(kind)
    await subscribers.erase(world, 'cli', 'A@example.org')
    const whole = await allRows(world)
    expect(whole).not.toContain('a@example.org')
    expect(whole).not.toContain('Amal')
    expect(whole.split(HASH).length - 1).toBe(1)
    expect(await subscribers.suppressions(world.db, { search: 'a@example.org' }, 9)).toMatchObject([
      { address: null, reason: 'erased', actor: 'cli' },
    ])
    const log = readFileSync(join(world.config.data, 'left.log'), 'utf8')
    expect(log).toContain('"what":"erased"')
    expect(log).not.toContain('@')
  })

  test('gets nothing that was queued, and no import brings them back', async () => {
    await using world = await openWorld(kind, NOW)
    const list = await mailing(world, 2)
    await edition(world, list)
    await subscribers.erase(world, 'cli', list.readers[0]!.address)
    expect(
      await world.db.selectFrom('delivery').select(['state', 'reason']).orderBy('subscriber_id').execute(),
    ).toEqual([
      { state: 'skipped', reason: 'left' },
      { state: 'queued', reason: null },
    ])
    const file = () => Readable.from([`email\n${list.readers[0]!.address}\n`])
    expect(await subscribers.importCsv(world, 'cli', file(), { list: 'morning' })).toMatchObject({
      added: 0,
      skipped: 1,
    })
  })

  test('comes back by an own confirmation only, as somebody new', async () => {
    await using world = await reading(kind)
    const old = await subscriptionOf(world)
    await subscribers.erase(world, 'cli', 'a@example.org')
    world.clock.advance({ hours: 25 })
    await subscribers.invite(world, request())
    expect(await subscribers.suppressions(world.db, {}, 9)).toHaveLength(1)
    const fresh = await subscriptionOf(world)
    expect(fresh.id).not.toBe(old.id)
    await subscribers.confirm(world, subscribers.tokens(world, fresh).confirm, '')
    expect(await subscribers.suppressions(world.db, {}, 9)).toEqual([])
    expect((await subscribers.show(world.db, 'a@example.org')).subscriptions).toMatchObject([{ state: 'active' }])
    // The link in a letter of before is still ours, and touches nobody.
    expect(await subscribers.readLeaving(world, subscribers.tokens(world, old).unsubscribe)).toMatchObject({
      subscription: { state: 'left' },
    })
  })

  test('who was suppressed for a reason stays so, and cannot come back by being erased', async () => {
    await using world = await reading(kind)
    await subscribers.suppress(world, 'cli', 'a@example.org', 'complaint')
    await subscribers.erase(world, 'cli', 'a@example.org')
    expect(await subscribers.suppressions(world.db, {}, 9)).toMatchObject([{ address: null, reason: 'complaint' }])
    world.clock.advance({ hours: 25 })
    await subscribers.invite(world, request())
    expect(await world.db.selectFrom('notice').select('id').execute()).toEqual([])
  })

  test('is forgotten again when a backup is restored, unless they came back before it was made', async () => {
    await using world = await reading(kind)
    const line = { at: Date.parse(NOW) + 1, what: 'erased', hash: HASH } as leftLog.Leaving
    expect(await subscribers.replay(world.db, [line])).toBe(1)
    expect(await allRows(world)).not.toContain('a@example.org')
    expect(await subscribers.replay(world.db, [line])).toBe(0)

    await using other = await reading(kind)
    expect(await subscribers.replay(other.db, [{ ...line, at: Date.parse('2026-11-01T00:00:00Z') } as never])).toBe(0)
    expect(await allRows(other)).toContain('a@example.org')
  })

  test('while the confirmation was being pressed stays forgotten, and the link is of nobody', async () => {
    await using world = await waiting(kind)
    const { confirm } = subscribers.tokens(world, await subscriptionOf(world))
    const slow = meanwhile(world, () => subscribers.erase(world, 'cli', 'a@example.org'))
    await expect(subscribers.confirm(slow, confirm, '')).rejects.toThrow('link-invalid')
    await isForgotten(world)
    await expect(subscribers.confirm(world, confirm, '')).rejects.toThrow('link-invalid')
  })

  test('while joining another list, or with what the page knew before, stays forgotten', async () => {
    await using world = await reading(kind)
    await subscribers.addList(world, 'cli', { slug: 'weekly', title: 'Weekly', language: 'en', public: true })
    const { preferences } = subscribers.tokens(world, await subscriptionOf(world))
    const page = await subscribers.readPreferences(world, preferences)
    await subscribers.erase(world, 'cli', 'a@example.org')
    const joining = subscribers.chooseLists(world, page, { join: ['weekly'], leave: [] }, '')
    await expect(joining).rejects.toThrow('link-invalid')
    await isForgotten(world)
  })

  test('at the very moment of the press is forgotten, whichever comes first', async () => {
    for (let n = 0; n < 6; n++) {
      await using world = await waiting(kind)
      const { confirm } = subscribers.tokens(world, await subscriptionOf(world))
      const erase = () => subscribers.erase(world, 'cli', 'a@example.org')
      const press = () => subscribers.confirm(world, confirm, '')
      await Promise.allSettled(n % 2 ? [press(), pause(n), erase()] : [erase(), pause(n), press()])
      await isForgotten(world)
    }
  })

  test('whom nobody knows cannot be erased', async () => {
    await using world = await reading(kind)
    await expect(subscribers.erase(world, 'cli', 'c@example.org')).rejects.toThrow('subscriber-not-found')
  })
})

test('is not to be found in the file either, where SQLite leaves what it has deleted', async () => {
  await using world = await reading('sqlite')
  await subscribers.invite(world, { ...request(), address: 'a@example.org' })
  await subscribers.erase(world, 'cli', 'a@example.org')
  await sql`pragma wal_checkpoint(truncate)`.execute(world.db)
  const bytes = readFileSync(world.config.database).toString('latin1')
  expect(bytes).toContain('b@example.org')
  expect(bytes).not.toContain('a@example.org')
})

test('a reader’s own data are all of it, instants written out, of nobody else', async () => {
  await using world = await reading('sqlite')
  const data = await subscribers.dataOf(world.db, HASH)
  expect(data).toMatchObject({
    address: 'a@example.org',
    name: 'Amal',
    subscriptions: [{ list: 'daily', state: 'active', confirmed_at: '2026-11-23T04:10:00Z' }],
    consents: [{ kind: 'imported' }],
    suppression: null,
  })
  expect(JSON.stringify(data)).not.toContain('b@example.org')
})

function request() {
  return { list: 'daily', address: 'a@example.org', network: '192.0.2.1', form: '/subscribe', language: 'en' }
}

async function reading(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'Daily', language: 'en', public: true })
  const file = Readable.from(['email,name\na@example.org,Amal\nb@example.org,Bahar\n'])
  await subscribers.importCsv(world, 'cli', file, { list: 'daily' })
  return world
}

/** One who asked to join and has not confirmed yet. */
async function waiting(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'Daily', language: 'en', public: true })
  await subscribers.invite(world, request())
  return world
}

/** The same product, in which something else happens between what a verb reads and what it then writes. */
function meanwhile(world: World, happens: () => Promise<unknown>): World {
  const transaction = () => {
    const begun = world.db.transaction()
    return { execute: async (work: never) => happens().then(() => begun.execute(work)) }
  }
  const db = new Proxy(world.db, {
    get: (target, key) => {
      const value = key === 'transaction' ? transaction : Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value // its insides are private
    },
  })
  return { ...world, db }
}

async function isForgotten(world: World): Promise<void> {
  expect(await allRows(world)).not.toContain('a@example.org')
  expect(await world.db.selectFrom('consent').select('kind').where('address_hash', '=', HASH).execute()).toEqual([])
  expect(await subscribers.suppressions(world.db, {}, 9)).toMatchObject([{ reason: 'erased' }])
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .select(['state', 'left_reason'])
    .where('erased_at', 'is not', null)
    .execute()
  for (const row of rows) expect(row).toEqual({ state: 'left', left_reason: 'erased' })
}

async function subscriptionOf(world: World) {
  return world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .select(['subscription.id', 'requested_at'])
    .where('address', '=', 'a@example.org')
    .executeTakeFirstOrThrow()
}

/** Every row of every table, as text. */
async function allRows(world: World): Promise<string> {
  const tables = await world.db.introspection.getTables()
  const rows = tables
    .filter(({ name }) => !name.startsWith('article_search'))
    .map(({ name }) =>
      world.db
        .selectFrom(name as 'change')
        .selectAll()
        .execute(),
    )
  return JSON.stringify(await Promise.all(rows))
}

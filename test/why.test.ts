import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import { addressHash, email } from '../src/address.ts'
import * as digests from '../src/digests/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { edition, type Mailing, mailing } from './mailing.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const HOUR = 3_600_000

describe.each(databases)('why an edition came or did not, on %s', (kind) => {
  const open = () => openWorld(kind, NOW)

  async function why(world: World, address: string): Promise<digests.Answer> {
    return (await digests.why(world.db, address, instant(world.now())))[0]!
  }

  async function stands(db: Db, { readers }: Mailing, n: number, delivery: object): Promise<void> {
    await db
      .updateTable('delivery')
      .set(delivery as never)
      .where('subscriber_id', '=', readers[n]!.subscriber_id)
      .execute()
  }

  test('the ledger says what became of a letter, in the words of the server', async () => {
    await using world = await open()
    const made = await mailing(world, 7)
    await edition(world, made)
    const at = instant(world.now())
    await stands(world.db, made, 1, { state: 'submitted', submitted_at: at, reply: '250 ok' })
    await stands(world.db, made, 2, { state: 'deferred', due_at: later(at, HOUR), reply: '451 later' })
    await stands(world.db, made, 3, { state: 'refused', reply: '550 no such user' })
    await stands(world.db, made, 4, { state: 'skipped', reason: 'superseded' })
    await stands(world.db, made, 5, { state: 'uncertain' })
    const of = (n: number) => why(world, made.readers[n]!.address.toUpperCase())
    expect(await of(0)).toMatchObject({ digest: 'morning', day: '2026-11-23', why: 'queued' })
    expect(await of(1)).toMatchObject({ why: 'submitted', at: NOW, reply: '250 ok' })
    expect(await of(2)).toMatchObject({ why: 'deferred', next: '2026-11-23T05:10:00Z', reply: '451 later' })
    expect(await of(3)).toMatchObject({ why: 'refused', reply: '550 no such user' })
    expect(await of(4)).toMatchObject({ why: 'skipped', reason: 'superseded' })
    expect(await of(5)).toMatchObject({ why: 'uncertain' })
    await subscribers.suppress(world, 'cli', made.readers[6]!.address, 'complaint')
    expect(await of(6)).toMatchObject({ why: 'suppressed', reason: 'complaint' })
  })

  test('without a letter, the first thing that kept it away', async () => {
    await using world = await open()
    const made = await mailing(world, 8)
    const at = instant(world.now())
    await edition(world, made, { readers: made.readers.slice(0, 1) })
    const set = (n: number, values: object) =>
      world.db
        .updateTable('subscription')
        .set(values as never)
        .where('id', '=', made.readers[n]!.subscription_id)
        .execute()
    await set(1, { state: 'pending' })
    await set(2, { state: 'left', left_at: later(at, -HOUR) })
    await set(3, { confirmed_at: later(at, HOUR) })
    await set(4, { paused_until: later(at, HOUR) })
    await subscribers.erase(world, 'cli', made.readers[6]!.address)
    await subscribers.suppress(world, 'cli', made.readers[7]!.address, 'manual')
    const reasons = []
    for (const { address } of made.readers.slice(1)) reasons.push((await why(world, address)).why)
    expect(reasons).toEqual(['pending', 'left', 'joined-after', 'paused', 'nothing-new', 'erased', 'suppressed'])
    expect((await why(world, 'nobody@example.org')).why).toBe('unknown')
    await subscribers.addList(world, 'cli', { slug: 'other', title: 'other' })
    await world.db
      .updateTable('subscription')
      .set({ list_id: 2 })
      .where('id', '=', made.readers[5]!.subscription_id)
      .execute()
    expect((await why(world, made.readers[5]!.address)).why).toBe('never-on-list')
  })

  test('a day without an edition says why there was none', async () => {
    await using world = await open()
    const made = await mailing(world, 1)
    await digests.composeNow(world, 'cli', 'morning')
    expect(await why(world, made.readers[0]!.address)).toMatchObject({ why: 'no-edition', reason: 'no-news' })
  })

  test('the timeline holds what happened, the latest first, and nothing of an erased reader but that', async () => {
    await using world = await open()
    const made = await mailing(world, 1)
    await edition(world, made)
    world.clock.advance({ hours: 1 })
    const { address } = made.readers[0]!
    await subscribers.suppress(world, 'desk', address, 'complaint')
    const hash = addressHash(email(address))
    const events = await subscribers.timeline(world.db, hash)
    expect(events.map(({ what, by }) => [what, by])).toEqual([
      ['suppressed', 'desk'],
      ['letter queued', null],
    ])
    await subscribers.erase(world, 'cli', address)
    expect((await subscribers.timeline(world.db, hash)).map((event) => event.what)).toEqual(['suppressed'])
  })
})

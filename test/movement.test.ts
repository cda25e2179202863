import { describe, expect, test } from 'vitest'
import { type Instant, instant, later } from '../db/instant.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

const DAY = 24 * 3_600_000

describe.each(databases)('who came and who went, on %s', (kind) => {
  test('is told of a quiet list beside a busy one, and of how much only the newest were looked at', async () => {
    await using world = await open(kind)
    const now = instant(world.now())
    const since = later(now, -7 * DAY)
    const [quiet, busy] = [await list(world, 'quiet'), await list(world, 'busy')]
    const nobody = { gained: 0, lost: 0, more: false }
    expect(await subscribers.movement(world.db, since, 'all')).toEqual(nobody)
    await evidence(world, quiet, later(now, -30 * DAY), 100, 'joined')
    await evidence(world, quiet, later(now, -DAY), 3, 'joined')
    await evidence(world, quiet, later(now, -DAY), 1, 'left')
    expect(await subscribers.movement(world.db, since, 'all')).toEqual({ gained: 3, lost: 1, more: false })
    await evidence(world, busy, now, 20_000, 'imported')
    await evidence(world, busy, later(now, -900 * DAY), 1, 'asked')
    expect(await subscribers.movement(world.db, since, [quiet])).toEqual({ gained: 3, lost: 1, more: false })
    expect(await subscribers.movement(world.db, since, [busy])).toEqual({ gained: 19_999, lost: 0, more: true })
    expect(await subscribers.movement(world.db, since, 'all')).toEqual({ gained: 19_999, lost: 0, more: true })
    expect(await subscribers.movement(world.db, later(now, DAY), 'all')).toEqual(nobody)
  })
})

function open(kind: Kind): Promise<World> {
  return openWorld(kind, '2026-12-01T08:00:00Z')
}

async function list(world: World, slug: string): Promise<number> {
  return (await subscribers.addList(world, 'cli', { slug, title: slug, language: 'ar' })).id
}

/** As whoever wrote it would have, a thousand at a time. */
async function evidence(world: World, list_id: number, at: Instant, count: number, kind: string): Promise<void> {
  const row = { list_id, at, kind, address_hash: 'x', form: '', wording: '', wording_version: '', actor: 'reader' }
  for (let n = 0; n < count; n += 1000)
    await world.db
      .insertInto('consent')
      .values(Array.from({ length: Math.min(1000, count - n) }, () => row))
      .execute()
}

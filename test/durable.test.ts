import { createHook } from 'node:async_hooks'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { withoutHurry } from '../db/bulk.ts'
import type { Db } from '../db/schema.ts'
import { databases, openWorld, type World } from './world.ts'

/*
 * Who waits for the disk, and when: SQLite itself outside of transactions (`synchronous` is 2), we after those in them. What
 * Node asks of the file system on another thread is seen by its hooks.
 */
describe('a transaction on SQLite', () => {
  test('is heard of when its log is on the disk, and no other begins before that', async () => {
    await using world = await openWorld('sqlite', '2026-11-23T05:00:00Z')
    using watched = watch()
    const { seen } = watched
    const write = async (name: string) => {
      await world.db.transaction().execute(async (db) => {
        seen.push(`${name} begins`)
        await db.updateTable('site').set({ language: 'tr' }).execute()
      })
      seen.push(`${name} is heard of`)
    }
    await Promise.all([write('one'), write('two')])
    const each = (name: string) => [`${name} begins`, 'the disk is asked', 'the disk is done']
    expect(seen.filter((what) => what !== 'one is heard of')).toEqual([
      ...each('one'),
      ...each('two'),
      'two is heard of',
    ])
    expect(seen.indexOf('one is heard of')).toBeGreaterThan(seen.indexOf('the disk is done'))
  })

  test('leaves every write outside of one to wait for the disk itself, however it ended', async () => {
    await using world = await openWorld('sqlite', '2026-11-23T05:00:00Z')
    expect(await synchronous(world)).toBe(2)
    await world.db.transaction().execute((db) => db.updateTable('site').set({ language: 'tr' }).execute())
    expect(await synchronous(world)).toBe(2)
    const broken = world.db.transaction().execute(async (db) => {
      await db.updateTable('site').set({ language: 'en' }).execute()
      throw new Error('not this one')
    })
    await expect(broken).rejects.toThrow('not this one')
    expect(await synchronous(world)).toBe(2)
    expect(await world.db.selectFrom('site').select('language').execute()).toEqual([{ language: 'tr' }])
  })
})

describe('a transaction on SQLite that is in no hurry', () => {
  test('is heard of before the disk has it, and the next but one begins when it has', async () => {
    await using world = await openWorld('sqlite', '2026-11-23T05:00:00Z')
    using watched = watch()
    const { seen } = watched
    for (const name of ['one', 'two', 'three']) {
      await world.db.transaction().execute(async (db) => {
        seen.push(`${name} begins`)
        await withoutHurry(db)
        await db.updateTable('site').set({ language: 'tr' }).execute()
      })
      seen.push(`${name} is heard of`)
    }
    expect(seen.slice(0, 3)).toEqual(['one begins', 'the disk is asked', 'one is heard of'])
    expect(seen.indexOf('the disk is done')).toBeLessThan(seen.indexOf('three begins'))
  })

  test('makes nobody after it careless, whether it succeeds or not', async () => {
    await using world = await openWorld('sqlite', '2026-11-23T05:00:00Z')
    const broken = world.db.transaction().execute(async (db) => {
      await withoutHurry(db)
      throw new Error('not this one')
    })
    await expect(broken).rejects.toThrow('not this one')
    for (const careless of [false, true]) {
      if (careless) await world.db.transaction().execute(withoutHurry)
      using watched = watch()
      await world.db.transaction().execute((db) => db.updateTable('site').set({ language: 'ar' }).execute())
      expect(watched.seen.at(-1)).toBe('the disk is done')
    }
    expect(await synchronous(world)).toBe(2)
  })
})

test('a transaction on PostgreSQL that is in no hurry makes nobody after it careless', async () => {
  await using world = await openWorld(databases[1]!, '2026-11-23T05:00:00Z')
  const waits = (db: Db) => sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(db)
  await world.db.connection().execute(async (db) => {
    await db.transaction().execute(async (inside) => {
      await withoutHurry(inside)
      expect((await waits(inside)).rows).toEqual([{ synchronous_commit: 'off' }])
    })
    expect((await waits(db)).rows).toEqual([{ synchronous_commit: 'on' }])
  })
})

async function synchronous({ db }: World): Promise<number> {
  const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db)
  return rows[0]!.synchronous
}

function watch(): { seen: string[]; [Symbol.dispose](): void } {
  const seen: string[] = []
  const asked = new Set<number>()
  const hook = createHook({
    init(id, type) {
      if (type !== 'FSREQCALLBACK') return
      asked.add(id)
      seen.push('the disk is asked')
    },
    before(id) {
      if (asked.delete(id)) seen.push('the disk is done')
    },
  }).enable()
  return { seen, [Symbol.dispose]: () => void hook.disable() }
}

import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import * as deliveries from '../src/deliveries/index.ts'
import { edition, mailing } from './mailing.ts'
import { databases, openWorld, type World } from './world.ts'

const READERS = 50_000
const HELD = 150 // ms that nobody may be held up: what we promise is 50, on a machine that does nothing else

describe.each(databases)('an edition of many readers, counted again on %s', (kind) => {
  test('adds up, and whoever is served by the same process waits for no part of it', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    const { public_id } = await large(world)
    const watch = watching()
    const verdict = await deliveries.verify(world.db, public_id)
    const { longest, turns } = await watch.end()
    expect(verdict).toMatchObject({
      ...{ recipients: READERS, submitted: 30_000, refused: 5000, skipped: 5000, uncertain: 5000, waiting: 5000 },
      ...{ reconciled: true, addsUp: true },
    })
    expect(verdict.doubted).toHaveLength(5000)
    expect(new Set(verdict.doubted).size).toBe(5000)
    expect(turns).toBeGreaterThan(8)
    expect(longest).toBeLessThan(HELD)
    await sql`update tally set n = n - 1 where state = 'refused'`.execute(world.db)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ reconciled: false, addsUp: false })
  })
})

/** An edition to fifty thousand, whose letters stand in every state. */
async function large(world: World) {
  const { db } = world
  const list = await mailing(world, 1)
  const opened = await edition(world, list)
  const [part] = await db.selectFrom('part').select('id').execute()
  for (const table of ['delivery', 'tally'] as const) await db.deleteFrom(table).execute()
  await sql`with recursive one (n) as (select 1 union all select n + 1 from one where n < ${READERS})
    insert into subscriber (id, public_id, address, address_hash, created_at)
    select n + 1000, 'r' || n, 'r' || n || '@example.org', 'h' || n, 0 from one`.execute(db)
  await sql`insert into delivery (edition_id, subscriber_id, subscription_id, part_id, state, told_before, due_at, attempts, doubted_at)
    select ${opened.id}, id, id, ${part!.id}, case id % 10 when 0 then 'refused' when 1 then 'skipped' when 2 then 'uncertain'
      when 3 then 'queued' else 'submitted' end, 0, 0, 0, case when id % 10 = 2 then 5 end
    from subscriber where id > 1000`.execute(db)
  await sql`insert into tally (edition_id, state, n) select edition_id, state, count(*) from delivery group by edition_id, state`.execute(
    db,
  )
  return opened
}

/** How often this process gets a turn meanwhile, and for how long it does not, in ms. */
function watching() {
  let [longest, turns, goes] = [0, 0, true]
  const end = (async () => {
    for (let at = performance.now(); goes; ) {
      await setImmediate()
      longest = Math.max(longest, performance.now() - at)
      at = performance.now()
      turns++
    }
  })()
  return {
    async end() {
      goes = false
      await end
      return { longest, turns }
    },
  }
}

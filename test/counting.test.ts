import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
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

describe.each(databases)('the count of an edition on %s', (kind) => {
  test('is kept with its moment, and made once for all who ask for it meanwhile', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    const { id } = await large(world)
    const one = deliveries.recount(world, id)
    expect(deliveries.recount(world, id)).toBe(one)
    expect(deliveries.isCounting(world, id)).toBe(true)
    await one
    expect(deliveries.isCounting(world, id)).toBe(false)
    const even = {
      outcome: 'even',
      counted_at: instant(world.now()),
      recipients: READERS,
      submitted: 30_000,
      doubted: 5000,
    }
    expect((await deliveries.verdicts(world.read, [id])).get(id)).toMatchObject(even)
    await sql`update tally set n = n - 1 where state = 'refused'`.execute(world.db)
    world.clock.advance({ minutes: 1 })
    await deliveries.recount(world, id)
    const amiss = { ...even, outcome: 'amiss', counted_at: instant(world.now()) }
    expect((await deliveries.verdicts(world.read, [id])).get(id)).toMatchObject(amiss)
  })

  test('is made without anybody asking when it is done, once', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z', { NASHRA_SMTP: relay.url })
    const { id } = await edition(world, await mailing(world, 3))
    const { signal } = new AbortController()
    const kept = async () => (await deliveries.verdicts(world.read, [id])).get(id)
    await deliveries.recountDone(world, signal)
    expect(await kept()).toBeUndefined()
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    await deliveries.recountDone(world, signal)
    const first = instant(world.now())
    expect(await kept()).toMatchObject({ outcome: 'even', submitted: 3, recipients: 3, counted_at: first })
    world.clock.advance({ minutes: 5 })
    await deliveries.recountDone(world, signal)
    expect(await kept()).toMatchObject({ counted_at: first })
  })

  test('is what the pages of its letters hold, state by state', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    const opened = await edition(world, await mailing(world, 700))
    await sql`update delivery set doubted_at = case when subscriber_id % 11 = 0 or subscriber_id % 12 = 4 then 5 end, due_at = subscriber_id % 13, sender_id = case when subscriber_id % 3 = 0 then 'x' end,
      state = case subscriber_id % 12 when 0 then 'claimed' when 3 then 'submitting' when 6 then 'claimed' when 1 then 'refused'
        when 2 then 'skipped' when 4 then 'uncertain' when 5 then 'deferred' when 7 then 'queued' else 'submitted' end`.execute(
      world.db,
    )
    await world.db.deleteFrom('tally').execute()
    await sql`insert into tally (edition_id, state, n) select edition_id, state, count(*) from delivery group by edition_id, state`.execute(
      world.db,
    )
    const progress = await deliveries.progress(world.read, opened.id)
    const { doubted } = await deliveries.verify(world.read, opened.public_id)
    const numbers = { ...progress, all: progress.recipients, doubted: doubted.length }
    expect(numbers.waiting).toBeGreaterThan(100)
    for (const fate of deliveries.fates)
      for (const limit of [7, 50]) {
        const seen: string[] = []
        for (let after: string | undefined = ''; after !== undefined; ) {
          const page = await deliveries.byFate(world.read, opened.id, fate, { after, limit })
          expect(page.rows.length).toBeLessThanOrEqual(limit)
          seen.push(...page.rows.map((row) => row.public_id))
          after = page.after
        }
        expect([fate, limit, seen.length, new Set(seen).size]).toEqual([fate, limit, numbers[fate], numbers[fate]])
      }
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

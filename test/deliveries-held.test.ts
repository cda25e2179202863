import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { claim } from '../src/deliveries/claim.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { release } from '../src/deliveries/release.ts'
import * as editions from '../src/editions.ts'
import { edition, mailing, rendered, told } from './mailing.ts'
import { openRelay } from './relay.ts'
import { reasons, rowOf } from './sent-rows.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const NONE = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }

describe.each(databases)('editions that are held, superseded or taken over, on %s', (kind) => {
  async function open(url: string, environment: Record<string, string> = {}): Promise<World> {
    return openWorld(kind, MORNING, { NASHRA_SMTP: url, NASHRA_RETRY: '1m,5m', ...environment })
  }

  test('the next edition supersedes what was deferred, but nothing untried and nothing that may have arrived', async () => {
    let nth = 0
    await using relay = await openRelay({ dot: () => (nth++ < 3 ? '451 4.3.0 later' : 'drop') })
    await using world = await open(`${relay.url}?connections=1`)
    const list = await mailing(world, 4)
    const [, , , untried] = list.readers
    const first = await edition(world, list)
    await world.db
      .updateTable('delivery')
      .set({ due_at: instant(world.now().add({ hours: 20 })) })
      .where('subscriber_id', '=', untried!.subscriber_id)
      .execute()
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    world.clock.advance({ minutes: 2 })
    await world.db
      .updateTable('delivery')
      .set({ due_at: instant(world.now().add({ hours: 20 })) })
      .where('state', '=', 'deferred')
      .where('subscriber_id', '!=', list.readers[0]!.subscriber_id)
      .execute()
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'relay-unreachable' })

    const second = await edition(world, list, { day: '2026-11-24', to: 20 })
    expect(await reasons(world, first.id)).toEqual(['superseded', 'superseded'])
    const before = await world.db
      .selectFrom('delivery')
      .select('told_before')
      .where('edition_id', '=', second.id)
      .orderBy('subscriber_id')
      .execute()
    expect(before.map((row) => row.told_before)).toEqual([10, 0, 0, 10])
    expect(await deliveries.verify(world.db, first.public_id)).toMatchObject({
      uncertain: 1,
      skipped: 2,
      waiting: 1,
      addsUp: true,
    })
  })

  test('a letter that fails after the next edition went out brings no story twice', async () => {
    await using world = await open('smtp://127.0.0.1:9')
    const list = await mailing(world, 1)
    const first = await edition(world, list)
    await claim(world.database, 'elsewhere', instant(world.now()), 10) // on its way while the next one is composed
    const second = await edition(world, list, { day: '2026-11-24', to: 20 })
    await world.db.updateTable('delivery').set({ state: 'submitted' }).where('edition_id', '=', second.id).execute()
    await world.db.transaction().execute((db) => release(db, 'elsewhere'))
    await deliveries.skipFor(world.db, list.readers[0]!.subscription_id)
    expect(await rowOf(world, first.id, list.readers[0]!)).toMatchObject({ state: 'skipped' })
    expect(await told(world, list, list.readers[0]!)).toBe(20)
  })

  test('a held edition sends nothing, and a revision goes to all who have not got it', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const list = await mailing(world, 3)
    const { id, to_seq } = await edition(world, list)
    const { tasks } = await claim(world.database, 'stopped', instant(world.now()), 1) // claimed before it was held
    expect(await editions.hold(world.db, id, 'withdrawn', instant(world.now()))).toBe(true)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual(NONE)
    const old = await world.db.selectFrom('part').select('id').where('edition_id', '=', id).executeTakeFirstOrThrow()
    await world.db.updateTable('edition').set({ revision: 2 }).where('id', '=', id).execute()
    const fresh = await editions.addPart(
      world.db,
      { id, to_seq, revision: 2 },
      { from_seq: 0, language: 'ar', format: 'html', stories: 1, ...rendered('revised'), articles: [] },
    )
    expect(await deliveries.reassign(world.db, id, new Map([[old.id, fresh]]))).toBe(3)
    await world.db.transaction().execute((db) => release(db, 'stopped', tasks))
    await editions.resume(world.db, id, 'withdrawn')
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 3 })
    expect(relay.received.map((letter) => decoded(letter.source).includes('عناوين revised'))).toEqual([
      true,
      true,
      true,
    ])
  })

  test('a part of which nothing is left goes to nobody', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const list = await mailing(world, 2)
    const { id } = await edition(world, list)
    const old = await world.db.selectFrom('part').select('id').where('edition_id', '=', id).executeTakeFirstOrThrow()
    expect(await deliveries.reassign(world.db, id, new Map([[old.id, null]]))).toBe(2)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual(NONE)
    expect(await reasons(world, id)).toEqual(['withdrawn', 'withdrawn'])
  })

  test('an edition held in the middle of sending stops within two seconds', async () => {
    let id = 0
    await using relay = await openRelay({
      dot: () => new Promise((resolve) => setTimeout(() => resolve('250 ok'), 20)),
    })
    await using world = await open(`${relay.url}?connections=2`)
    const opened = await edition(world, await mailing(world, 300))
    id = opened.id
    const sending = deliveries.sendUntilEmpty(world, { wait: 0 })
    while (relay.received.length < 20) await new Promise((resolve) => setTimeout(resolve, 5))
    await editions.hold(world.db, id, 'paused', instant(world.now()))
    const then = relay.received.length
    await sending
    expect(relay.received.length - then).toBeLessThanOrEqual(4)
    expect(await deliveries.verify(world.db, opened.public_id)).toMatchObject({ recipients: 300, addsUp: true })
    expect(await deliveries.progress(world.db, id)).toMatchObject({
      submitted: relay.received.length,
      waiting: 300 - relay.received.length,
    })
  })

  test('what a dead sender held is taken over: claimed ones as if nothing had been, those on the wire as doubted', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const list = await mailing(world, 4)
    const { id, public_id } = await edition(world, list)
    await world.db
      .insertInto('sender')
      .values({ id: 'deadbeef', started_at: instant(world.now()) })
      .execute()
    const { tasks } = await claim(world.database, 'deadbeef', instant(world.now()), 3)
    await world.db
      .updateTable('delivery')
      .set({ state: 'submitting' })
      .where('subscriber_id', '=', tasks[0]!.subscriber_id)
      .execute()
    await world.db
      .updateTable('tally')
      .set((eb) => ({ n: eb('n', '-', 1) }))
      .where('state', '=', 'claimed')
      .execute()
    await world.db.insertInto('tally').values({ edition_id: id, state: 'submitting', n: 1 }).execute()
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 4 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      submitted: 4,
      addsUp: true,
      doubted: [tasks[0]!.public_id],
    })
  })

  test('a living sender keeps what it holds', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    await edition(world, await mailing(world, 4))
    const lock = await world.database.hold('alive')
    await world.db
      .insertInto('sender')
      .values({ id: 'alive', started_at: instant(world.now()) })
      .execute()
    await claim(world.database, 'alive', instant(world.now()), 3)
    const other = kind === 'pglite' ? world : await world.again()
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 1500)
    expect(await deliveries.sendUntilEmpty(other, { wait: 0, signal: stop.signal })).toEqual({ ...NONE, submitted: 1 })
    await lock!.release()
    if (other !== world) await other.database.close()
  })

  test('when it is told to stop, the letters on the wire end and the others wait again', async () => {
    await using relay = await openRelay({
      dot: () => new Promise((resolve) => setTimeout(() => resolve('250 ok'), 200)),
    })
    await using world = await open(`${relay.url}?connections=3`)
    const { public_id } = await edition(world, await mailing(world, 200))
    const stop = new AbortController()
    const sending = deliveries.sendUntilEmpty(world, { wait: 0, signal: stop.signal })
    while (relay.seen.length < 7) await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort()
    const { submitted } = await sending
    expect(submitted).toBe(relay.seen.length)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      submitted,
      waiting: 200 - submitted,
      doubted: [],
      addsUp: true,
    })
    expect(
      await world.db.selectFrom('delivery').select('state').where('state', 'in', ['claimed', 'submitting']).execute(),
    ).toEqual([])
  })

  test('a letter that no record can be made of is not sent, and goes when the disk has room again', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const { public_id } = await edition(world, await mailing(world, 20))
    await refuseMarks(world)
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    await until(() => deliveries.trouble(world)?.kind === 'ledger')
    expect(relay.seen).toEqual([])
    await allowMarks(world)
    await until(() => relay.received.length === 20)
    await until(() => deliveries.trouble(world) === undefined)
    stop.abort()
    await running
    expect(relay.seen).toHaveLength(20)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 20, doubted: [], addsUp: true })
  })

  test.runIf(kind === 'sqlite')(
    'a disk that is full in the middle of sending stops it at once; with room again it goes on, and nothing is repeated',
    async () => {
      await using relay = await openRelay({ dot: () => `250 2.0.0 queued as ${'x'.repeat(250)}` })
      await using world = await open(`${relay.url}?connections=4`)
      const { public_id } = await edition(world, await mailing(world, 400))
      const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(world.db)
      await sql`pragma max_page_count = ${sql.lit(rows[0]!.page_count + 3)}`.execute(world.db)
      const stop = new AbortController()
      const running = deliveries.run(world, stop.signal)
      await until(() => deliveries.trouble(world)?.kind === 'ledger')
      const sent = relay.seen.length
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(sent).toBeLessThan(400)
      expect(relay.seen.length).toBeLessThanOrEqual(sent + 4) // those that were on the four lines
      await sql`pragma max_page_count = 1000000`.execute(world.db)
      await until(() => relay.received.length === 400)
      await until(() => deliveries.trouble(world) === undefined)
      stop.abort()
      await running
      expect(relay.seen).toHaveLength(400)
      expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 400, doubted: [], addsUp: true })
    },
  )

  test('while it serves, a confirmation leaves at once when it is woken', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const list = await mailing(world, 1)
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { subscriber_id, subscription_id } = list.readers[0]!
    await deliveries.ask(
      world.db,
      { kind: 'confirm', subscriber_id, subscription_id, language: 'tr' },
      instant(world.now()),
    )
    deliveries.wake(world)
    await until(() => relay.received.length === 1, 3000)
    stop.abort()
    await running
  })

  test('an edition that cannot be written as a letter holds nobody else up', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const broken = await edition(world, await mailing(world, 2, 'broken'))
    await world.db.updateTable('part').set({ subject: 'a\u0007b' }).where('edition_id', '=', broken.id).execute()
    await edition(world, await mailing(world, 3, 'good'))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 3, deferred: 2 })
  })
})

/** The subject of a letter, in Unicode. */
function decoded(source: string): string {
  return source
    .replace(/\r\n /g, '')
    .replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, base64: string) => Buffer.from(base64, 'base64').toString())
}

async function until(holds: () => boolean, milliseconds = 15_000): Promise<void> {
  const deadline = performance.now() + milliseconds
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it did not come true: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** As if the disk were full the moment a letter is to be marked. */
async function refuseMarks(world: World): Promise<void> {
  if (world.database.kind === 'sqlite') {
    await sql`create trigger no_room before update on delivery when new.state = 'submitting' begin select raise(abort, 'disk is full'); end`.execute(
      world.db,
    )
    return
  }
  await sql`create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'disk is full'; end $$`.execute(
    world.db,
  )
  await sql`create trigger full_disk before update on delivery for each row when (new.state = 'submitting') execute function full_disk()`.execute(
    world.db,
  )
}

async function allowMarks(world: World): Promise<void> {
  if (world.database.kind === 'sqlite') await sql`drop trigger no_room`.execute(world.db)
  else await sql`drop trigger full_disk on delivery`.execute(world.db)
}

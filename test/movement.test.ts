import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type Instant, instant, later } from '../db/instant.ts'
import { Problem } from '../src/problem.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { databases, openWorld, type World } from './world.ts'

const DAY = 24 * 3_600_000
const LISTS = ['daily', 'weekly'] as const

describe.each(databases)('who came and who went, on %s', (kind) => {
  test.each([7, 2026])('is as many as the table finds, whatever readers do (%i)', async (seed) => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const ids = await lists(world)
    const random = randomFrom(seed)
    for (let n = 0; n < 120; n++) {
      await something(world, random)
      world.clock.advance({ minutes: Math.floor(random() * 600) })
      if (n % 20 !== 19) continue
      for (const days of [1, 4, 40]) await agree(world, later(instant(world.now()), -days * DAY), [undefined, ...ids])
    }
    const owner = await colleague(desk, 'owner')
    const manager = await colleague(desk, 'list-manager', ids[0])
    for (const { cookie } of [owner, manager])
      for (const zone of ['Europe/Istanbul', 'Pacific/Auckland', 'America/Los_Angeles']) {
        const figures = await figuresFor(desk, `${cookie}; zone=${encodeURIComponent(zone)}`)
        expect(figures).toHaveLength(2)
        for (const { path, n } of figures)
          expect([zone, path, await rowsAt(desk, cookie, zone, path)]).toEqual([zone, path, n])
        expect(figures.every(({ n }) => n > 0)).toBe(true)
      }
  })

  test('who only asked, or is brought as one who left, has not joined; who came back has', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    await lists(world)
    await bring(world, 'daily', 'email\nback@example.org\nhere@example.org\n')
    world.clock.advance({ hours: 24 * 20 })
    await bring(world, 'daily', 'email,status\ngone@example.org,unsubscribed\n')
    await ask(world, 'daily', 'asked@example.org')
    const id = await subscribers.findSubscription(world.db, 'daily', 'back@example.org')
    await subscribers.leaveFor(world, id, 'page')
    const since = later(instant(world.now()), -DAY)
    const n = (gained: number, lost: number) => ({ gained: { n: gained, more: false }, lost: { n: lost, more: false } })
    expect(await subscribers.movement(world.read, since)).toEqual(n(0, 2))
    expect(await subscribers.movement(world.read, later(since, -30 * DAY))).toEqual(n(2, 2))
    world.clock.advance({ hours: 2 })
    await ask(world, 'daily', 'back@example.org')
    await confirm(world, 'daily', 'back@example.org')
    expect(await subscribers.movement(world.read, since)).toEqual(n(1, 1))
    const pending = await subscribers.find(world.read, { state: 'pending', joinedAfter: since })
    expect(pending.readers.map(({ address }) => address)).toEqual(['asked@example.org'])
  })

  test('is counted to ten thousand, on a list of very many too', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    const [daily, weekly] = await lists(world)
    await sql`with recursive one (n) as (select 1 union all select n + 1 from one where n < 10001)
      insert into subscriber (public_id, address, address_hash, created_at) select 'r' || n, 'r' || n || '@example.org', 'h' || n, 0 from one`.execute(
      world.db,
    )
    await sql`insert into subscription (list_id, subscriber_id, state, sections, format, language, feed_epoch, created_at, confirmed_at, left_at)
      select ${daily}, id, case when id % 100 = 0 then 'left' else 'active' end, '', 'html', 'ar', 0, 5, 10, case when id % 100 = 0 then 20 end from subscriber`.execute(
      world.db,
    )
    const at = (moment: number) => moment as Instant
    const lost = { n: 100, more: false }
    expect(await subscribers.movement(world.read, at(10))).toEqual({ gained: { n: 10_000, more: true }, lost })
    expect(await subscribers.movement(world.read, at(11))).toEqual({ gained: { n: 0, more: false }, lost })
    const none = { n: 0, more: false }
    expect(await subscribers.movement(world.read, at(0), [weekly!])).toEqual({ gained: none, lost: none })
    expect(await countFound(world, { joinedAfter: at(10) })).toBe(10_001)
    expect(await countFound(world, { leftAfter: at(20) })).toBe(100)
    expect(await countFound(world, { leftAfter: at(20), leftBefore: at(20) })).toBe(0)
  })
})

/** The numbers, the rows that `find` finds, and what the table says row by row are the same. */
async function agree(world: World, since: Instant, lists: (number | undefined)[]): Promise<void> {
  const rows = await world.db.selectFrom('subscription').selectAll().execute()
  for (const list of lists) {
    const some = rows.filter(({ list_id }) => list === undefined || list_id === list)
    const came = some.filter(
      (row) => (row.state === 'active' || row.confirmed_at !== null) && (row.confirmed_at ?? row.created_at) >= since,
    )
    const went = some.filter((row) => row.left_at !== null && row.left_at >= since)
    const people = (all: typeof rows) => new Set(all.map(({ subscriber_id }) => subscriber_id)).size
    const within = list === undefined ? undefined : [list]
    const { gained, lost } = await subscribers.movement(world.read, since, within)
    expect([gained.n, lost.n]).toEqual([people(came), people(went)])
    expect(await countFound(world, { joinedAfter: since, ...(within && { within }) })).toBe(gained.n)
    expect(await countFound(world, { leftAfter: since, ...(within && { within }) })).toBe(lost.n)
  }
}

async function countFound(world: World, wanted: subscribers.Wanted): Promise<number> {
  const seen = new Set<string>()
  for (let after: string | undefined; ; ) {
    const page = await subscribers.find(world.read, wanted, { limit: 500, ...(after && { after }) })
    for (const { id } of page.readers) seen.add(id)
    after = page.next
    if (!after) return seen.size
  }
}

/** What the dashboard says of readers, and where it leads. */
async function figuresFor(desk: Desk, cookie: string): Promise<{ path: string; n: number }[]> {
  const page = await (await desk.request('/admin', { headers: { Cookie: cookie } })).text()
  const found = page.matchAll(/<dd><a class="leads" href="(\/admin\/readers\?[^"]+)">([\d,]+)<\/a><\/dd>/g)
  return [...found].map(([, path, n]) => ({ path: path!, n: Number(n!.replace(',', '')) }))
}

async function rowsAt(desk: Desk, cookie: string, zone: string, from: string): Promise<number> {
  const Cookie = `${cookie}; zone=${encodeURIComponent(zone)}`
  let count = 0
  for (let path: string | undefined = from; path; ) {
    const page = await (await desk.request(path, { headers: { Cookie } })).text()
    count += page.match(/<a href="\/admin\/readers\/[a-z0-9]{11}">/g)?.length ?? 0
    path = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
  }
  return count
}

async function lists(world: World): Promise<number[]> {
  const ids: number[] = []
  for (const slug of LISTS) {
    const list = await subscribers.addList(world, 'cli', { slug, title: slug, language: 'ar', public: true })
    ids.push(list.id)
  }
  return ids
}

/** One thing that a reader does, or that is done to one. What is refused has not been done. */
async function something(world: World, random: () => number): Promise<void> {
  const address = `reader${Math.floor(random() * 90)}@example.org`
  const list = LISTS[Math.floor(random() * LISTS.length)]!
  const deeds = [
    () => bring(world, list, `email\n${address}\nbeside${address}\n`),
    () => bring(world, list, `email,status\n${address},unsubscribed\n`),
    () => ask(world, list, address),
    async () => {
      await ask(world, list, address)
      await confirm(world, list, address)
    },
    async () => subscribers.leaveFor(world, await subscribers.findSubscription(world.db, list, address), 'page'),
    () => subscribers.suppress(world, 'cli', address),
    () => subscribers.erase(world, 'cli', address),
  ]
  const often = '000001122333334444456'
  const nth = Number(often[Math.floor(random() * often.length)])
  await Promise.resolve(deeds[nth]!()).catch((error) => {
    if (!(error instanceof Problem)) throw error
  })
}

async function bring(world: World, list: string, csv: string): Promise<unknown> {
  return subscribers.importCsv(world, 'cli', Readable.from([csv]), { list })
}

let networks = 0
async function ask(world: World, list: string, address: string): Promise<void> {
  const network = `10.${++networks % 250}.${Math.floor(networks / 250)}.1`
  await subscribers.invite(world, { list, address, network, form: '/', language: 'ar' })
}

async function confirm(world: World, list: string, address: string): Promise<void> {
  const id = await subscribers.findSubscription(world.db, list, address)
  const { requested_at } = await world.db
    .selectFrom('subscription')
    .select('requested_at')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  await subscribers.confirm(world, subscribers.tokens(world, { id, requested_at }).confirm, '192.0.2.9')
}

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

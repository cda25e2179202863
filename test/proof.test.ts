import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, inject, test } from 'vitest'
import { openDatabase } from '../db/open.ts'
import { adopt } from '../src/adopting.ts'
import type { App } from '../src/app.ts'
import * as backups from '../src/backups/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import { readRing } from '../src/keys.ts'
import { health } from '../src/web/health.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const N = 30
const kinds = databases.filter((kind) => kind !== 'pglite')

describe.each(kinds)('left.log as proof on %s', (kind) => {
  test('a copy of it proves nothing: it ends when it was made, and all that waited counts as sent', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    const stale = readFileSync(logOf(world))
    expect(await send(world)).toMatchObject({ submitted: N })
    await using other = await elsewhere(kind, world)
    writeFileSync(logOf(other), stale)
    await backups.restore(other.config, file, { over: false, now: world.now() })
    await using restored = await other.open()
    expect(await adopt(restored, 'cli')).toMatchObject({ proof: 'copy', waiting: 0, givenUp: N })
    expect(await send(restored)).toMatchObject({ submitted: 0 })
    expect(relay.seen).toHaveLength(N)
  })

  test('written over by an older state of itself it proves nothing either', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    const stale = readFileSync(logOf(world))
    await send(world)
    writeFileSync(logOf(world), stale) // the same file, older content
    await again(world, file, async (restored) => {
      expect(await adopt(restored, 'cli')).toMatchObject({ proof: 'copy', waiting: 0 })
      expect(await send(restored)).toMatchObject({ submitted: 0 })
    })
  })

  test('a whole copy proves what the engineer vouches for, and no more than it holds', async () => {
    await using relay = await openRelay({ greeting: () => '421 not now' })
    await using world = await newspaper(kind, relay.url)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    for (const began of [false, true]) {
      if (began) {
        relay.script = {}
        await send(world)
      }
      await using other = await elsewhere(kind, world)
      copyFileSync(logOf(world), join(other.config.data, 'left-old.log'))
      await backups.restore(other.config, file, { over: false, now: world.now() })
      await using restored = await other.open()
      expect(await adopt(restored, 'cli', { logsComplete: true })).toMatchObject(
        began ? { proof: 'logs', waiting: 0, givenUp: N } : { proof: 'logs', waiting: N, givenUp: 0 },
      )
    }
    await using other = await elsewhere(kind, world)
    await backups.restore(other.config, file, { over: false, now: world.now() })
    await using restored = await other.open() // vouching for logs that are not here
    expect(await adopt(restored, 'cli', { logsComplete: true })).toMatchObject({ proof: 'none', givenUp: N })
  })

  test('where another machine or folder sent, its log is missed', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    await using second = await secondMachine(world)
    expect(await send(second)).toMatchObject({ submitted: N })
    await second.database.close()
    await again(world, file, async (restored) => {
      expect(await adopt(restored, 'cli')).toMatchObject({ proof: 'others', waiting: 0, givenUp: N })
      expect(await send(restored)).toMatchObject({ submitted: 0 })
    })
  })

  test('where the database is gone it proves on SQLite, where nobody else can have sent', async () => {
    await using relay = await openRelay({ greeting: () => '421 not now' })
    await using world = await newspaper(kind, relay.url)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    await expect(send(world)).rejects.toMatchObject({ code: 'relay-unreachable' })
    if (kind === 'postgres') await sql.raw('drop schema public cascade; create schema public').execute(world.db)
    await world.database.close()
    if (kind === 'sqlite')
      for (const end of ['', '-wal', '-shm']) rmSync(`${world.config.database}${end}`, { force: true })
    await backups.restore(world.config, file, { over: false, now: world.now() })
    await using restored = await world.again()
    expect(await adopt(restored, 'cli')).toMatchObject(
      kind === 'sqlite' ? { proof: 'left.log', waiting: N } : { proof: 'others', waiting: 0 },
    )
  })

  test('restored twice, what the lost database told is still known', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    await using second = await secondMachine(world)
    await send(second)
    await second.database.close()
    await world.database.close()
    for (let n = 0; n < 2; n++) {
      world.clock.advance({ minutes: 1 })
      await backups.restore(world.config, file, { over: true, now: world.now() })
    }
    await using restored = await world.again()
    expect(await adopt(restored, 'cli')).toMatchObject({ proof: 'others', waiting: 0 })
  })

  test('while it cannot be written no edition is begun, health says so, and then it goes on by itself', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url)
    mkdirSync(logOf(world))
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    await expect
      .poll(async () => (await health(world)).checks['sending'], { timeout: 10_000 })
      .toEqual({ status: 'failing', detail: 'left.log cannot be written, so nothing is sent' })
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(relay.seen).toHaveLength(0)
    rmdirSync(logOf(world))
    await expect.poll(() => relay.seen.length, { timeout: 10_000 }).toBe(N)
    await expect.poll(async () => (await health(world)).checks['sending']!.status, { timeout: 10_000 }).toBe('ok')
    stop.abort()
    await running
    const lines = readFileSync(logOf(world), 'utf8').split('\n').filter(Boolean)
    expect(lines.map((line) => JSON.parse(line).what)).toEqual(['sending'])
  })

  test('an edition that was begun goes on where it cannot be written any more', async () => {
    await using relay = await openRelay({ dot: () => new Promise((done) => setTimeout(done, 20, '250 ok')) })
    await using world = await newspaper(kind, `${relay.url}?connections=1`)
    const sending = send(world)
    while (relay.seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    renameSync(logOf(world), `${logOf(world)}.away`)
    mkdirSync(logOf(world))
    expect(await sending).toMatchObject({ submitted: N })
  })
})

describe('a copy of the data folder', () => {
  test('beside the original asks, whatever the address; the original goes on', async () => {
    await using relay = await openRelay()
    for (const url of ['https://news.example', 'http://localhost:3000']) {
      await using world = await newspaper('sqlite', relay.url, { NASHRA_URL: url })
      const list = await sentOnce(world)
      await using copy = await copied(world)
      await expect(send(copy)).rejects.toMatchObject({ code: 'sending-held-copied' })
      await expect(digests.composeDue(copy, 'job')).rejects.toMatchObject({ code: 'sending-held-copied' })
      expect((await health(copy)).checks['sending']).toMatchObject({ status: 'degraded' })
      await edition(world, list, { day: '2026-11-24', to: 20 })
      expect(await send(world)).toMatchObject({ submitted: N })
      expect(await adopt(copy, 'cli', { nothingSent: true })).toMatchObject({ adopted: true, proof: 'word' })
      expect(await send(copy)).toMatchObject({ submitted: 0 })
      await using twice = await copied(copy)
      await expect(send(twice)).rejects.toMatchObject({ code: 'sending-held-copied' })
    }
  })

  test('of a paper whose edition waits asks, also before its first letter', async () => {
    await using relay = await openRelay({ greeting: () => '421 not now' })
    await using world = await newspaper('sqlite', relay.url)
    await expect(send(world)).rejects.toMatchObject({ code: 'relay-unreachable' })
    await using copy = await copied(world)
    await expect(send(copy)).rejects.toMatchObject({ code: 'sending-held-copied' })
  })

  test('of a paper that has never sent does not ask; a folder that was renamed does not, either', async () => {
    await using relay = await openRelay()
    await using world = await newspaper('sqlite', relay.url)
    await using copy = await copied(world)
    expect(await send(copy)).toMatchObject({ submitted: N })
    await copy.database.close()
    const file = join(copy.config.data, 'renamed.db')
    for (const end of ['-wal', '-shm', ''])
      if (existsSync(`${copy.config.database}${end}`)) renameSync(`${copy.config.database}${end}`, `${file}${end}`)
    await using renamed = withConfig(copy, openDatabase(file), { database: file })
    expect(await send(renamed)).toMatchObject({ submitted: 0 })
  })
})

describe.each(kinds)('where a paper sends from, on %s', (kind) => {
  test('another address asks, the old one again does not; from a local one nobody is asked', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url, { NASHRA_URL: 'http://localhost:3000' })
    const list = await sentOnce(world)
    const at = async (url: string, day: number) => {
      Object.assign(world.config, { url })
      await edition(world, list, { day: `2026-11-${day}`, to: day })
      return send(world)
    }
    expect(await at('http://localhost:4000', 24)).toMatchObject({ submitted: N })
    expect(await at('https://news.example', 25)).toMatchObject({ submitted: N })
    await expect(at('https://staging.example', 26)).rejects.toMatchObject({
      code: 'sending-held-address',
      values: { before: 'https://news.example', now: 'https://staging.example' },
    })
    await expect(digests.composeDue(world, 'job')).rejects.toMatchObject({ code: 'sending-held-address' })
    expect(await at('https://news.example', 27)).toMatchObject({ submitted: 2 * N }) // with what waited
    await expect(at('https://new.example', 28)).rejects.toMatchObject({ code: 'sending-held-address' })
    expect(await adopt(world, 'cli', { nothingSent: true })).toMatchObject({ adopted: true, waiting: N })
    expect(await send(world)).toMatchObject({ submitted: N })
    expect(await adopt(world, 'cli')).toMatchObject({ adopted: false })
  })

  test('another machine or folder of the same database does not ask', async () => {
    await using relay = await openRelay()
    await using world = await newspaper(kind, relay.url)
    const list = await sentOnce(world)
    await using second = await secondMachine(world)
    await edition(world, list, { day: '2026-11-24', to: 20 })
    expect(await send(second)).toMatchObject({ submitted: N })
  })
})

test.runIf(kinds.includes('postgres'))('a copy of a PostgreSQL database asks, also in the same server', async () => {
  await using relay = await openRelay()
  await using world = await newspaper('postgres', relay.url)
  await sentOnce(world)
  const name = new URL(world.config.database).pathname.slice(1)
  await world.database.close()
  const server = openDatabase(inject('postgres'))
  await sql.raw(`create database ${name}_copy template ${name}`).execute(server.db)
  try {
    await using copy = withConfig(world, openDatabase(`${world.config.database}_copy`), {})
    await expect(send(copy)).rejects.toMatchObject({ code: 'sending-held-copied' })
  } finally {
    await sql.raw(`drop database ${name}_copy with (force)`).execute(server.db)
    await server.close()
  }
})

/** A paper whose first edition waits. */
async function newspaper(kind: (typeof kinds)[number], relay: string, environment = {}): Promise<World> {
  const world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay, ...environment })
  await edition(world, await mailing(world, N))
  return world
}

/** Sends what waits; answers the list. */
async function sentOnce(world: World) {
  expect(await send(world)).toMatchObject({ submitted: N })
  const { id: digest_id, list_id } = await world.db
    .selectFrom('digest')
    .select(['id', 'list_id'])
    .executeTakeFirstOrThrow()
  const { id: slot_id } = await world.db.selectFrom('slot').select('id').executeTakeFirstOrThrow()
  const readers = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['subscriber.id as subscriber_id', 'subscription.id as subscription_id', 'address', 'public_id'])
    .execute()
  return { digest_id, list_id, slot_id, readers: readers.map((one) => ({ ...one, address: one.address! })) }
}

function send(app: App) {
  return deliveries.sendUntilEmpty(app, { wait: 0 })
}

function logOf({ config }: Pick<App, 'config'>): string {
  return join(config.data, 'left.log')
}

/** The backup over the database it was made of, in its place. */
async function again(world: World, file: string, work: (restored: World) => Promise<void>): Promise<void> {
  await world.database.close()
  await backups.restore(world.config, file, { over: true, now: world.now() })
  await using restored = await world.again()
  await work(restored)
}

/** An empty data folder, an empty database. */
async function elsewhere(kind: (typeof kinds)[number], world: World) {
  const relay = world.config.relays.map(({ name }) => `smtp://${name}`).join(' ')
  const fresh = await openWorld(kind, world.now().toString(), { NASHRA_SMTP: relay }, 'empty')
  await fresh.database.close()
  for (const end of ['', '-wal', '-shm']) rmSync(join(fresh.config.data, `nashra.db${end}`), { force: true })
  return {
    config: fresh.config,
    open: async () => {
      const restored = await fresh.again()
      return Object.assign(restored, { keys: readRing(fresh.config.secretFile)! })
    },
    [Symbol.asyncDispose]: fresh[Symbol.asyncDispose],
  }
}

/** Another process over the same database, with a data folder of its own. */
async function secondMachine(world: World): Promise<World> {
  const data = join(world.config.data, 'second')
  mkdirSync(data)
  const second = await world.again()
  return Object.assign(second, { config: { ...world.config, data } })
}

/** The whole data folder, copied while nobody writes. */
async function copied(world: World): Promise<World> {
  await sql`pragma wal_checkpoint(truncate)`.execute(world.db)
  const data = `${world.config.data}-copy`
  cpSync(world.config.data, data, { recursive: true, preserveTimestamps: true })
  const config = { data, database: join(data, 'nashra.db'), secretFile: join(data, 'secret') }
  return withConfig(world, openDatabase(config.database), config, () => rmSync(data, { recursive: true, force: true }))
}

function withConfig(world: World, database: App['database'], config: Partial<App['config']>, remove = () => {}): World {
  return {
    ...world,
    ...{ database, db: database.db, read: database.read, config: { ...world.config, ...config } },
    [Symbol.asyncDispose]: async () => {
      await database.close()
      remove()
    },
  }
}

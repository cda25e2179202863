import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { adopt } from '../src/adopting.ts'
import type { App } from '../src/app.ts'
import * as backups from '../src/backups/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import { readRing } from '../src/keys.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'
import { writable } from './writable.ts'

const MORNING = '2026-11-23T05:00:00Z'
const kinds = databases.filter((kind) => kind !== 'pglite') // pg_dump asks a server

describe.each(kinds)('a backup on %s', (kind) => {
  test('holds database, key ring, images and left.log, for its owner alone, whatever it is called', async () => {
    await using world = await openWorld(kind, MORNING)
    await mailing(world, 30)
    mkdirSync(world.config.media)
    writeFileSync(join(world.config.media, `${'a'.repeat(24)}-320.jpg`), 'picture')
    writeFileSync(join(world.config.media, 'other.txt'), 'not ours')
    await subscribers.suppress(world, 'cli', 'gone@example.org')
    for (const name of ['b.tar', 'b.tar.gz', 'b.tar.zst']) {
      const file = join(world.config.data, name)
      const made = await backups.make(world, file)
      expect(made).toMatchObject({ counts: { subscriber: 30, suppression: 1, delivery: 0 }, media: 1 })
      expect(statSync(file).mode & 0o777).toBe(0o600)
      const listed = execFileSync('tar', ['--auto-compress', '-tf', file]).toString().trim().split('\n')
      expect(listed).toEqual([
        kind === 'sqlite' ? 'database.sqlite' : 'database.pgdump',
        'secret',
        'left.log',
        `media/${'a'.repeat(24)}-320.jpg`,
        'manifest.json',
      ])
    }
    expect(readdirSync(world.config.data).filter((name) => name.startsWith('.nashra'))).toEqual([])
    expect(readFileSync(join(world.config.data, 'left.log'), 'utf8')).not.toContain('gone@')
  })

  test('is restored elsewhere with equal counts, while the first one sends', async () => {
    await using relay = await openRelay({ dot: () => new Promise((done) => setTimeout(done, 5, '250 ok')) })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 400))
    const sending = deliveries.sendUntilEmpty(world, { wait: 0 })
    while (relay.seen.length < 50) await new Promise((resolve) => setTimeout(resolve, 5))
    const file = join(world.config.data, 'b.tar.gz')
    const made = await backups.make(world, file)
    expect(relay.seen.length).toBeLessThan(400)
    expect(await sending).toMatchObject({ submitted: 400 })
    await using other = await elsewhere(kind, world)
    expect(await backups.restore(other.config, file, { over: false, now: world.now() })).toMatchObject({
      counts: made.counts,
      keys: 'replaced',
      held: true,
    })
    await using restored = await other.open()
    const { edition: id } = (await editionsOf(restored))[0]!
    expect(await deliveries.verify(restored.db, id)).toMatchObject({ recipients: 400, addsUp: true })
    expect(readRing(restored.config.secretFile)!).toEqual(world.keys)
  })

  test('restored where it was made, in the middle of a run, mails nobody twice and nobody who left', async () => {
    await using relay = await openRelay({ dot: () => new Promise((done) => setTimeout(done, 3, '250 ok')) })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    const list = await mailing(world, 300)
    const { public_id } = await edition(world, list)
    const sending = deliveries.sendUntilEmpty(world, { wait: 0 })
    while (relay.seen.length < 50) await new Promise((resolve) => setTimeout(resolve, 5))
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    await sending
    const [leaver, returner] = list.readers
    await leave(world, leaver!.subscription_id)
    await leave(world, returner!.subscription_id)
    world.clock.advance({ minutes: 1 })
    await comeBack(world, returner!)
    await subscribers.suppress(world, 'cli', list.readers[2]!.address)
    await world.database.close()

    await backups.restore(world.config, file, { over: true, now: world.now() })
    await using again = await reopened(world)
    await expect(deliveries.sendUntilEmpty(again, { wait: 0 })).rejects.toMatchObject({ code: 'sending-held-restored' })
    await expect(digests.composeDue(again, 'job')).rejects.toMatchObject({ code: 'sending-held-restored' })
    expect(relay.seen).toHaveLength(300)
    const adopted = await adopt(again, 'cli')
    expect(adopted).toMatchObject({ adopted: true, proof: 'left.log', waiting: 0 })
    expect(adopted.givenUp).toBeGreaterThan(0)
    expect(await deliveries.sendUntilEmpty(again, { wait: 0 })).toMatchObject({ submitted: 0 })
    expect(relay.seen).toHaveLength(300)
    expect(await deliveries.verify(again.db, public_id)).toMatchObject({ recipients: 300, addsUp: true })

    again.clock.advance({ hours: 24 })
    const active = await writable(again)
    expect(active).not.toContain(leaver!.address)
    expect(active).not.toContain(list.readers[2]!.address)
    expect(active).toContain(returner!.address)
    expect(active).toHaveLength(298)
  })

  test('what waited is sent after adoption when the log shows that nobody had begun with it', async () => {
    await using relay = await openRelay({ greeting: () => '421 not now' })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 20))
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'relay-unreachable' })
    relay.script = {}
    await world.database.close()
    await backups.restore(world.config, file, { over: true, now: world.now() })
    await using again = await reopened(world)
    await expect(deliveries.sendUntilEmpty(again, { wait: 0 })).rejects.toMatchObject({ code: 'sending-held-restored' })
    expect(await adopt(again, 'cli')).toMatchObject({ proof: 'left.log', waiting: 20, givenUp: 0 })
    expect(await deliveries.sendUntilEmpty(again, { wait: 0 })).toMatchObject({ submitted: 20 })
    expect(await adopt(again, 'cli')).toMatchObject({ adopted: false })
  })

  test('where no log tells, what waited is given up, unless the engineer vouches that nothing was sent', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 20))
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    for (const nothingSent of [false, true]) {
      await using other = await elsewhere(kind, world)
      await backups.restore(other.config, file, { over: false, now: world.now() })
      await using restored = await other.open()
      expect(await adopt(restored, 'cli', { nothingSent })).toMatchObject(
        nothingSent ? { proof: 'word', waiting: 20, givenUp: 0 } : { proof: 'none', waiting: 0, givenUp: 20 },
      )
      expect(await deliveries.sendUntilEmpty(restored, { wait: 0 })).toMatchObject({ submitted: nothingSent ? 20 : 0 })
    }
  })

  test('is not put over a database that holds readers, nor under one that is in use', async () => {
    await using world = await openWorld(kind, MORNING)
    await mailing(world, 3)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    const now = world.now()
    await world.read.selectFrom('site').selectAll().execute()
    await expect(backups.restore(world.config, file, { over: true, now })).rejects.toMatchObject({
      code: 'database-in-use',
    })
    await world.database.close()
    await expect(backups.restore(world.config, file, { over: false, now })).rejects.toMatchObject({
      code: 'restore-occupied',
    })
    const { aside } = await backups.restore(world.config, file, { over: true, now })
    expect(aside).toHaveLength(1)
    if (kind === 'sqlite') expect(existsSync(aside[0]!)).toBe(true)
    expect(readdirSync(world.config.data).filter((name) => name.startsWith('.restore'))).toEqual([])
  })

  test('that cannot take its place leaves database and key ring as they were', async () => {
    await using world = await openWorld(kind, MORNING)
    await mailing(world, 3)
    const file = join(world.config.data, 'b.tar')
    await backups.make(world, file)
    await using other = await openWorld(kind, MORNING)
    await mailing(other, 5)
    const { secretFile, database, data } = other.config
    const stamp = world
      .now()
      .toString({ smallestUnit: 'millisecond' })
      .replace(/[^0-9TZ]/g, '') // where what stands there would be set aside, something is
    if (kind === 'sqlite') mkdirSync(`${database}.before-${stamp}`)
    else await sql.raw(`create schema before_${stamp.toLowerCase()}`).execute(other.db)
    await other.database.close()
    const ring = readFileSync(secretFile)
    await expect(backups.restore(other.config, file, { over: true, now: world.now() })).rejects.toThrow()
    expect(readFileSync(secretFile)).toEqual(ring)
    expect(readdirSync(data).filter((name) => name.startsWith('secret'))).toEqual(['secret'])
    await using still = await reopened(other)
    expect(await still.db.selectFrom('subscriber').select('id').execute()).toHaveLength(5)
  })
})

describe('a file that is no good backup', () => {
  test('cut anywhere, or with a byte turned: it is refused with a sentence and nothing is changed', async () => {
    await using world = await openWorld('sqlite', MORNING)
    await mailing(world, 3)
    const good = join(world.config.data, 'b.tar')
    await backups.make(world, good)
    const bytes = readFileSync(good)
    await using other = await elsewhere('sqlite', world)
    const bad = join(other.config.data, 'bad.tar')
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.constantFrom('cut', 'turn'),
        fc.constantFrom('tar', 'gz', 'zst'),
        async (at, how, form) => {
          const spoilt = Buffer.from(bytes)
          spoilt[at]! ^= 0x41
          const tar = how === 'cut' ? bytes.subarray(0, at) : spoilt
          const inPadding = how === 'turn' && sameContent(tar, bytes)
          writeFileSync(bad, form === 'gz' ? gzipSync(tar) : form === 'zst' ? zstdCompressSync(tar) : tar)
          const outcome = await backups.restore(other.config, bad, { over: false, now: world.now() }).then(
            () => 'taken',
            (error) => error.code as string,
          )
          if (outcome === 'taken') {
            expect(inPadding || (how === 'cut' && bytes.subarray(at).every((byte) => byte === 0))).toBe(true)
            for (const name of readdirSync(other.config.data))
              if (/before-|nashra\.db/.test(name)) rmSync(join(other.config.data, name))
            return
          }
          expect(['backup-damaged', 'backup-foreign']).toContain(outcome)
          expect(existsSync(other.config.database)).toBe(false)
          expect(readdirSync(other.config.data).sort()).toEqual(['bad.tar', 'secret'])
        },
      ),
      { numRuns: 60 },
    )
    const packed = gzipSync(bytes)
    writeFileSync(bad, packed.subarray(0, packed.length / 2))
    await expect(backups.restore(other.config, bad, { over: false, now: world.now() })).rejects.toMatchObject({
      code: 'backup-damaged',
    })
  })

  test('a tar with other names, folders or links is refused', async () => {
    await using other = await openWorld('sqlite', MORNING)
    await other.database.close()
    const folder = mkdtempSync(join(tmpdir(), 'nashra-test-'))
    mkdirSync(join(folder, 'media'))
    writeFileSync(join(folder, 'evil'), 'x')
    writeFileSync(join(folder, 'secret'), '1 x')
    execFileSync('ln', ['-s', '/etc/passwd', join(folder, 'database.sqlite')])
    const restore = (file: string) => backups.restore(other.config, file, { over: true, now: other.now() })
    for (const [words, reason] of [
      [['--transform', 's,evil,../../evil,', 'evil'], '../../evil'],
      [['--transform', 's,evil,/tmp/evil,', 'evil'], '/tmp/evil'],
      [['--transform', 's,evil,media/../../evil,', 'evil'], 'media/../../evil'],
      [['media'], 'media/'],
      [['database.sqlite'], 'database.sqlite'],
    ] as const) {
      const file = join(folder, 'b.tar')
      execFileSync('tar', ['-P', '-C', folder, '-cf', file, ...words])
      await expect(restore(file)).rejects.toMatchObject({
        code: 'backup-foreign',
        values: { reason: expect.stringContaining(reason) },
      })
    }
    writeFileSync(join(folder, 'empty'), '')
    writeFileSync(join(folder, 'noise'), Buffer.alloc(5000, 7))
    for (const name of ['empty', 'noise'])
      await expect(restore(join(folder, name))).rejects.toMatchObject({ code: 'backup-foreign' })
    await expect(restore(join(folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' })
    rmSync(folder, { recursive: true })
  })

  test('a backup is not written over something else', async () => {
    await using world = await openWorld('sqlite', MORNING)
    await expect(backups.make(world, world.config.database)).rejects.toMatchObject({ code: 'backup-target' })
    await expect(backups.make(world, world.config.data)).rejects.toMatchObject({ code: 'backup-target' })
    const old = join(world.config.data, 'old.tar')
    await backups.make(world, old)
    const before = hashOf(old)
    rmSync(world.config.secretFile)
    await expect(backups.make(world, old)).rejects.toThrow()
    expect(hashOf(old)).toBe(before)
    expect(readdirSync(world.config.data).filter((name) => name.startsWith('.nashra'))).toEqual([])
  })

  test('the last seven of the night are kept; one is made after each 03:37, and none for a database of today', async () => {
    await using world = await openWorld('sqlite', '2041-03-01T05:00:00Z')
    const names = () => readdirSync(join(world.config.data, 'backups')).sort()
    for (let day = 0; day < 9; day++) {
      await backups.nightly(world)
      world.clock.advance({ hours: 24 })
    }
    expect(names()).toHaveLength(7)
    expect(names().at(-1)).toBe('nightly-20410309T050000Z.tar.gz')
    for (let start = 0; start < 3; start++) await backups.nightly(world)
    expect(names().at(-2)).toBe('nightly-20410309T050000Z.tar.gz')

    await using fresh = await openWorld('sqlite', new Date().toISOString())
    expect(await backups.nightly(fresh)).toBeUndefined()
  })
})

/** Whether two tars differ only where nothing of a file stands. */
function sameContent(a: Buffer, b: Buffer): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-test-'))
  try {
    const listed = [a, b].map((bytes, index) => {
      const file = join(folder, `${index}.tar`)
      writeFileSync(file, bytes)
      try {
        return execFileSync('tar', ['-xOf', file], { stdio: ['ignore', 'pipe', 'ignore'] }).toString('latin1')
      } catch {
        return Math.random()
      }
    })
    return listed[0] === listed[1]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

async function leave(world: World, id: number): Promise<void> {
  const { unsubscribe } = subscribers.tokens(world, { id, requested_at: null })
  await subscribers.leave(world, unsubscribe, 'one-click', '203.0.113.9')
}

async function comeBack(world: World, reader: { subscription_id: number; address: string }): Promise<void> {
  await subscribers.invite(world, {
    list: 'morning',
    address: reader.address,
    network: '203.0.113.9',
    form: '/subscribe',
    language: 'ar',
  })
  const { requested_at } = await world.db
    .selectFrom('subscription')
    .select('requested_at')
    .where('id', '=', reader.subscription_id)
    .executeTakeFirstOrThrow()
  const { confirm } = subscribers.tokens(world, { id: reader.subscription_id, requested_at })
  await subscribers.confirm(world, confirm, '203.0.113.9')
}

async function editionsOf(app: App): Promise<{ edition: string }[]> {
  return app.db.selectFrom('edition').select('public_id as edition').execute()
}

/** The same place, opened again after it was closed. */
async function reopened(world: World): Promise<World> {
  return world.again()
}

/** Another machine: an empty data folder, an empty database. */
async function elsewhere(kind: (typeof kinds)[number], world: World) {
  const fresh = await openWorld(kind, world.now().toString(), { NASHRA_SMTP: smtpOf(world) }, 'empty')
  await fresh.database.close()
  if (kind === 'sqlite')
    for (const end of ['', '-wal', '-shm']) rmSync(`${fresh.config.database}${end}`, { force: true })
  return {
    config: fresh.config,
    async open(): Promise<World> {
      const again = await fresh.again()
      return Object.assign(again, { keys: readRing(fresh.config.secretFile)! })
    },
    [Symbol.asyncDispose]: fresh[Symbol.asyncDispose],
  }
}

function smtpOf(world: World): string {
  return world.config.relays.map((relay) => `smtp://${relay.name}`).join(' ')
}

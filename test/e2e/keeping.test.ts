import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Migrator } from 'kysely/migration'
import { describe, expect, test } from 'vitest'
import { first } from '../../db/migrations/2026-11-first.ts'
import { publishing } from '../../db/migrations/2026-11-publishing.ts'
import { sources } from '../../db/migrations/2026-11-sources.ts'
import * as articles from '../../src/articles/index.ts'
import * as digests from '../../src/digests/index.ts'
import * as subscribers from '../../src/subscribers/index.ts'
import { handler } from '../../src/web/server.ts'
import { openRelay } from '../relay.ts'
import { databases, openWorld, type World } from '../world.ts'

const READERS = 200
const kinds = databases.filter((kind) => kind !== 'pglite')

describe.each(kinds)('the commands of the night on %s', (kind) => {
  test('backup, losses, restore, doctor --adopt: nobody twice, nobody who left, and old links work', {
    timeout: 180_000,
  }, async () => {
    await using relay = await openRelay({ dot: () => soon(5, '250 ok') })
    await using world = await newspaper(kind)
    const file = join(world.config.data, 'night.tar.zst')
    const sending = start(world, ['send', '--until-empty'], relay.url)
    while (relay.seen.length < 20) await soon(5)
    expect(await nashra(world, ['backup', file])).toMatchObject({
      code: 0,
      answer: { counts: { subscriber: READERS } },
    })
    expect((await sending.ended).answer).toMatchObject({ submitted: READERS })
    const [stays, left, complained] = relay.received.map(linkOf)
    const web = handler(world)
    world.clock.set(new Date().toISOString())
    expect((await oneClick(web, left!.path)).status).toBe(200)
    await nashra(world, ['suppression', 'add', complained!.to])
    await article(world, 'news-after')
    expect(await nashra(world, ['digest', 'compose', 'morning', '--at', inAWeek()])).toMatchObject({ code: 0 })
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({
      answer: { submitted: READERS - 2 },
    })
    const seen = relay.seen.length
    await world.database.close()

    expect(await nashra(world, ['restore', file])).toMatchObject({ code: 1, errors: expect.stringContaining('--over') })
    const restored = await nashra(world, ['restore', file, '--over'])
    expect(restored).toMatchObject({ code: 0, answer: { keys: 'same', left: 2, held: true } })
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('doctor --adopt'),
    })
    expect(await nashra(world, ['digest', 'compose'])).toMatchObject({ code: 1 })
    expect(relay.seen).toHaveLength(seen)
    const doctor = await nashra(world, ['doctor', '--adopt'], relay.url)
    expect(doctor.answer).toMatchObject({ adoption: { adopted: true, proof: 'left.log', waiting: 0 } })

    // The story of the lost edition comes in again, with another date, as a feed without dates would bring it.
    await article(world, 'news-after')
    await nashra(world, ['digest', 'compose', 'morning', '--at', inAWeek()])
    await nashra(world, ['send', '--until-empty'], relay.url)
    expect(relay.seen).toHaveLength(seen)
    await article(world, 'news-of-tomorrow')
    expect(await nashra(world, ['digest', 'compose', 'morning', '--at', inAWeek(8)])).toMatchObject({ code: 0 })
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({
      answer: { submitted: READERS - 2 },
    })
    const later = relay.seen.slice(seen)
    expect(later).toHaveLength(READERS - 2)
    expect(later.map(({ to }) => to)).not.toContain(left!.to)
    expect(later.map(({ to }) => to)).not.toContain(complained!.to)
    expect(later.every(({ source }) => !source.includes(base64('news-after')))).toBe(true)

    await using again = await world.again()
    expect((await oneClick(handler(again), stays!.path)).status).toBe(200)
    expect(await again.db.selectFrom('subscription').select('id').where('state', '=', 'left').execute()).toHaveLength(2)
  })

  test('kill -9 in the middle of a backup leaves the one before whole', { timeout: 120_000 }, async () => {
    await using world = await newspaper(kind)
    mkdirSync(world.config.media, { recursive: true })
    for (let n = 0; n < 60; n++)
      writeFileSync(join(world.config.media, `${String(n).padStart(24, 'a')}-320.jpg`), Buffer.alloc(1_000_000, n))
    const file = join(world.config.data, 'b.tar.gz')
    expect(await nashra(world, ['backup', file])).toMatchObject({ code: 0, answer: { media: 60 } })
    const before = readFileSync(file)
    let killed = 0
    for (let kill = 0; kill < 4; kill++) {
      const child = start(world, ['backup', file])
      await Promise.race([begun(world.config.data), child.ended])
      await soon(Math.random() * 150)
      if (child.process.exitCode === null) killed++
      child.process.kill('SIGKILL')
      await child.ended
      if (statSync(file).mtimeMs > 0 && !readFileSync(file).equals(before)) break // it was done already
    }
    expect(killed).toBeGreaterThan(0)
    await world.database.close()
    expect(await nashra(world, ['restore', file, '--over'])).toMatchObject({ code: 0, answer: { media: 0 } })
  })

  test('an existing database is saved before it is brought up to date, a new one is not', {
    timeout: 120_000,
  }, async () => {
    await using fresh = await openWorld(kind, new Date().toISOString(), {}, 'empty')
    expect((await nashra(fresh, ['migrate'])).code).toBe(0)
    expect(existsSync(join(fresh.config.data, 'backups'))).toBe(false)
    await using world = await openWorld(kind, new Date().toISOString(), {}, 'empty')
    await migrateTo(world, { '2026-11-first': first, '2026-11-publishing': publishing, '2026-11-sources': sources })
    expect((await nashra(world, ['migrate'])).code).toBe(0)
    const backups = join(world.config.data, 'backups')
    const [name] = readdirSync(backups)
    expect(name).toMatch(/^before-2026-11-trust-inbound-\d{8}T\d{6}Z\.tar\.gz$/)
    await world.database.close()
    expect(await nashra(world, ['restore', join(backups, name!), '--over'])).toMatchObject({ code: 0 })
    expect(await nashra(world, ['send', '--until-empty'], 'smtp://127.0.0.1:1')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('doctor --adopt'),
    })
  })
})

describe('a copy of a database', () => {
  test('in another folder asks before it sends, and so does the same one with a new address', {
    timeout: 120_000,
  }, async () => {
    await using relay = await openRelay()
    await using world = await newspaper('sqlite')
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({ answer: { submitted: READERS } })
    const environment = { NASHRA_URL: 'https://new.example' }
    expect(await nashra(world, ['send', '--until-empty'], relay.url, environment)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('has sent for https://news.example'),
    })
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({ code: 0 })
    await world.database.close()
    await using other = await openWorld('sqlite', new Date().toISOString(), {}, 'empty')
    await other.database.close()
    for (const end of ['-wal', '-shm']) rmSync(`${other.config.database}${end}`, { force: true })
    copyFileSync(world.config.database, other.config.database)
    copyFileSync(world.config.secretFile, other.config.secretFile)
    expect(await nashra(other, ['send', '--until-empty'], relay.url)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('another machine'),
    })
    const adopted = await nashra(other, ['doctor', '--adopt'], relay.url)
    expect(adopted.answer).toMatchObject({ adoption: { adopted: true } })
    expect(await nashra(other, ['send', '--until-empty'], relay.url)).toMatchObject({ code: 0 })
    expect(relay.seen).toHaveLength(READERS)
  })

  test('a key ring that is lost stops every command with a sentence, and --new-keys goes on without it', {
    timeout: 120_000,
  }, async () => {
    await using relay = await openRelay()
    await using world = await newspaper('sqlite')
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({ code: 0 })
    rmSync(world.config.secretFile)
    for (const words of [['doctor'], ['send', '--until-empty'], ['backup', join(world.config.data, 'b.tar')]])
      expect(await nashra(world, words, relay.url)).toMatchObject({
        code: 1,
        errors: expect.stringMatching(/key ring .*secret.* is not there.*--new-keys/),
      })
    expect(existsSync(world.config.secretFile)).toBe(false)
    expect(await nashra(world, ['doctor', '--new-keys'], relay.url)).toMatchObject({ code: expect.any(Number) })
    expect(existsSync(world.config.secretFile)).toBe(false) // that goes with --adopt
    expect(await nashra(world, ['doctor', '--adopt', '--new-keys'], relay.url)).toMatchObject({ code: 0 })
    expect(await nashra(world, ['send', '--until-empty'], relay.url)).toMatchObject({ code: 0 })
  })

  test('with local addresses nobody is asked, whatever the port', async () => {
    await using relay = await openRelay()
    await using world = await newspaper('sqlite')
    for (const port of ['3000', '4000']) {
      const environment = { NASHRA_URL: `http://localhost:${port}` }
      expect(await nashra(world, ['send', '--until-empty'], relay.url, environment)).toMatchObject({ code: 0 })
    }
    expect(relay.seen).toHaveLength(READERS)
  })
})

/** A paper with a story, readers, and an edition that waits. Its database stays open in this process. */
async function newspaper(kind: (typeof kinds)[number]): Promise<World> {
  const world = await openWorld(kind, new Date().toISOString())
  await articles.importLines(world, 'cli', Readable.from([Buffer.from(line('first'))]))
  await subscribers.addList(world, 'cli', { slug: 'readers', title: 'Readers', public: true, language: 'en' })
  const csv = `email\n${Array.from({ length: READERS }, (_, n) => `reader-${n}@example.org`).join('\n')}\n`
  await subscribers.importCsv(world, 'cli', Readable.from([csv]), { list: 'readers' })
  const hour = { at: '23:59', zone: 'UTC', maxAge: '30d' }
  await digests.add(world, 'cli', { slug: 'morning', channel: 'all', list: 'readers', ...hour })
  expect(await digests.composeNow(world, 'cli', 'morning')).toMatchObject({ recipients: READERS })
  return world
}

function line(guid: string): string {
  const published_at = new Date(Date.now() - 60_000).toISOString()
  return JSON.stringify({ guid, title: guid, body_html: '<p>x</p>', language: 'en', published_at })
}

async function article(world: World, guid: string): Promise<void> {
  const file = join(world.config.data, 'articles.jsonl')
  writeFileSync(file, line(guid))
  expect((await nashra(world, ['article', 'import', file])).code).toBe(0)
}

function inAWeek(days = 7): string {
  return new Date(Date.now() + days * 86_400_000).toISOString()
}

type Ended = { code: number | null; answer: Record<string, unknown>; errors: string }

function nashra(world: World, words: string[], relay?: string, environment = {}): Promise<Ended> {
  return start(world, words, relay, environment).ended
}

function start(
  world: World,
  words: string[],
  relay?: string,
  environment = {},
): { process: ChildProcess; ended: Promise<Ended> } {
  const { data, database } = world.config
  const env = {
    ...{ PATH: process.env['PATH'], NASHRA_DATA: data, NASHRA_DATABASE: database, NASHRA_LOG: 'error' },
    ...{ NASHRA_FROM: 'Paper <paper@news.example>', NASHRA_URL: 'https://news.example' },
    ...(relay && { NASHRA_SMTP: `${relay}?sign=no` }),
    ...environment,
  }
  const child = spawn(process.execPath, ['src/main.ts', ...words, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const ended = once(child, 'close').then(([code]): Ended => {
    return { code, answer: JSON.parse(output.trim().split('\n').at(-1) || '{}'), errors }
  })
  return { process: child, ended }
}

async function begun(folder: string): Promise<void> {
  while (!readdirSync(folder).some((name) => name.endsWith('.part'))) await soon(5)
}

function linkOf(letter: { to: string; source: string }): { to: string; path: string } {
  const path = /^List-Unsubscribe: <https:\/\/news\.example(\/unsubscribe\/[\w-]{30})/im.exec(letter.source)?.[1]
  return { to: letter.to, path: path! }
}

function oneClick(web: ReturnType<typeof handler>, path: string): Promise<Response> {
  return Promise.resolve(web.request(path, { method: 'POST', body: 'List-Unsubscribe=One-Click' }))
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '').slice(1, -2)
}

function soon(milliseconds: number, answer = ''): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(answer), milliseconds))
}

/** A database as an older version of the program left it. */
async function migrateTo(
  { db, database }: World,
  migrations: Record<string, (db: never, kind: typeof database.kind) => Promise<void>>,
) {
  const getMigrations = async () =>
    Object.fromEntries(
      Object.entries(migrations).map(([name, up]) => [name, { up: (one: unknown) => up(one as never, database.kind) }]),
    )
  const { error } = await new Migrator({ db, provider: { getMigrations } }).migrateToLatest()
  if (error) throw error
}

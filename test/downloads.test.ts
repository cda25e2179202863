import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { type Instant, instant } from '../db/instant.ts'
import { keepPictures } from '../jobs/keep-pictures.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as media from '../src/media.ts'
import * as syndication from '../src/syndication/index.ts'
import { handler } from '../src/web/server.ts'
import { openPartner } from './partner.ts'
import { flat } from './photos.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

const NOON = '2026-11-23T09:00:00Z'
const GOING_ON = new AbortController().signal
const JPEG = await flat(1000, 500).jpeg().toBuffer()

describe.each(databases)('a picture that lies elsewhere, on %s', (kind) => {
  test('is kept: the article, its pages and its feeds show ours, and no reader sees an update', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    await load(world, { guid: 'a', image: { url: `${host.url}/a.jpg`, alt: 'مرفأ', caption: 'المرفأ' } })
    const before = await story(world, 'a')
    expect(before).toMatchObject({ picture: null, image_url: `${host.url}/a.jpg` })
    expect(await page(world, '/')).toContain(`${host.url}/a.jpg`)
    const { version: siteBefore } = await site(world)
    const versionBefore = (await channels.find(world.db, 'all')).version

    world.clock.advance({ minutes: 1 })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })

    const after = await story(world, 'a')
    expect(after.picture!.variants.map(({ width, height, type }) => `${width}x${height} ${type}`)).toEqual([
      ...['320x160 image/jpeg', '320x160 image/webp', '640x320 image/jpeg', '640x320 image/webp'],
      ...['1000x500 image/jpeg', '1000x500 image/webp'],
    ])
    const { picture: _, image_id: __, ...rest } = after
    expect(rest).toEqual((({ picture, image_id, ...same }) => same)(before))
    expect((await channels.find(world.db, 'all')).version).toBe(versionBefore + 1)
    expect((await site(world)).version).toBe(siteBefore + 1)
    expect(await world.db.selectFrom('change').select(['actor', 'verb', 'subject']).execute()).toContainEqual({
      actor: 'job',
      verb: 'article.picture',
      subject: `article:${after.public_id}`,
    })
    const front = await page(world, '/')
    expect(front).not.toContain(host.url)
    expect(front).toContain(`/m/${after.picture!.hash}-640.jpg`)
    const { file } = media.nearest(after.picture!, 1200)
    const bytes = readFileSync(media.stored(world, file)!.path).length
    expect(await feed(world)).toContain(
      `<enclosure length="${bytes}" type="image/jpeg" url="https://news.example/m/${file}"/>`,
    )
    expect(host.asked.map(({ url }) => url)).toEqual(['/a.jpg'])
  })

  test('is asked for once, however many stories show it, and none that is ours already is', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const image = `${host.url}/same.jpg`
    await load(world, ...Array.from({ length: 1203 }, (_, n) => ({ guid: `g${n}`, image })), { guid: 'none' })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
    expect(await illustrated(world)).toBe(1203)
    expect(host.asked).toHaveLength(1)
    await load(world, { guid: 'g1', image }, { guid: 'g2', image: { url: image, alt: 'now with words' } })
    expect(await downloads(world)).toEqual([])
    expect(await illustrated(world)).toBe(1203)
    expect(await story(world, 'g2')).toMatchObject({ image_alt: 'now with words', picture: { width: 1000 } })
  })

  test('that a revision replaces is asked for in its place; one that no story shows any more is not fetched', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    await load(world, { guid: 'a', image: `${host.url}/old.jpg` })
    await load(world, { guid: 'a', image: `${host.url}/new.jpg` })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
    expect(host.asked.map(({ url }) => url)).toEqual(['/new.jpg'])
    await load(world, { guid: 'a', image: `${host.url}/newest.jpg` })
    expect(await story(world, 'a')).toMatchObject({ picture: null })
    await run(world)
    expect(await story(world, 'a')).toMatchObject({ picture: { width: 1000 } })
    await load(world, { guid: 'a' })
    expect(await story(world, 'a')).toMatchObject({ picture: null, image_url: null })
  })

  test('and cannot be had is tried after 5 minutes, an hour, six hours and a day, and then given up', async () => {
    await using host = await openPartner((_, response) => void response.writeHead(404).end())
    await using world = await worldWith(kind, host.place)
    const url = `${host.url}/gone.jpg`
    await load(world, { guid: 'a', image: url })
    const failed = [{ url, reason: 'it answers 404' }]
    for (const pause of [{ minutes: 5 }, { hours: 1 }, { hours: 6 }, { days: 1 }]) {
      expect(await run(world)).toEqual({ kept: 0, failed, waiting: 1 })
      world.clock.advance(Temporal.Duration.from(pause).subtract({ milliseconds: 1 }).round({ largestUnit: 'hours' }))
      expect(await run(world)).toEqual({ kept: 0, failed: [], waiting: 1 })
      world.clock.advance({ milliseconds: 1 })
    }
    expect(await run(world)).toEqual({ kept: 0, failed, waiting: 0 })
    world.clock.advance({ hours: 1000 })
    expect(await run(world)).toEqual({ kept: 0, failed: [], waiting: 0 })
    expect(await downloads(world)).toEqual([{ url, due_at: null, attempts: 5, reason: 'it answers 404' }])
    expect(world.logs).toEqual([
      { level: 'warn', event: 'a picture was given up', details: { host: host.place, reason: 'it answers 404' } },
    ])
    expect(host.asked).toHaveLength(5)
    expect(await page(world, '/')).toContain(url)
  })

  test('is none, or is where we do not go: each fails with its reason, and the others are kept', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const urls = {
      svg: `${host.url}/svg`,
      html: `${host.url}/html`,
      cut: `${host.url}/cut`,
      empty: `${host.url}/empty`,
      metadata: 'http://169.254.169.254/latest/meta-data/x.jpg',
      home: 'http://localhost/x.jpg',
      port: 'http://127.0.0.1:22/x.jpg',
      inward: `${host.url}/inward`,
      good: `${host.url}/good.jpg`,
    }
    await load(world, ...Object.entries(urls).map(([guid, image]) => ({ guid, image })))
    const { kept, failed, waiting } = await run(world)
    expect({ kept, waiting }).toEqual({ kept: 1, waiting: 8 })
    const reasons = Object.fromEntries(failed.map(({ url, reason }) => [url, reason]))
    expect(reasons).toEqual({
      [urls.svg]: 'it is of no kind that is taken',
      [urls.html]: 'it is of no kind that is taken',
      [urls.cut]: expect.stringContaining('premature end'),
      [urls.empty]: 'it is of no kind that is taken',
      [urls.metadata]: '169.254.169.254 is not a public address',
      [urls.home]: expect.stringMatching(/^localhost is .*, which is not a public address$/),
      [urls.port]: 'port 22 is not open to us',
      [urls.inward]: '10.0.0.1 is not a public address',
    })
    expect(readdirSync(world.config.media)).toHaveLength(6)
  })

  test('is fetched by two at once from a host, by several in all', async () => {
    const open = new Map<string, number>()
    let most = 0
    let mostInAll = 0
    const slowly = (request: IncomingMessage, response: ServerResponse) => {
      const host = request.headers.host!
      open.set(host, (open.get(host) ?? 0) + 1)
      most = Math.max(most, open.get(host)!)
      mostInAll = Math.max(
        mostInAll,
        [...open.values()].reduce((sum, n) => sum + n, 0),
      )
      setTimeout(() => {
        open.set(host, open.get(host)! - 1)
        response.end(JPEG)
      }, 30)
    }
    await using one = await openPartner(slowly)
    await using two = await openPartner(slowly)
    await using three = await openPartner(slowly)
    await using world = await worldWith(kind, one.place, two.place, three.place)
    const rows = Array.from({ length: 40 }, (_, n) => ({ guid: `a${n}`, image: `${one.url}/${n}` }))
    for (const host of [two, three])
      rows.push(...Array.from({ length: 10 }, (_, n) => ({ guid: `${host.place}${n}`, image: `${host.url}/${n}` })))
    await load(world, ...rows)
    expect(await run(world)).toEqual({ kept: 50, failed: [], waiting: 10 })
    expect([two.asked.length, three.asked.length]).toEqual([10, 10])
    expect(most).toBe(2)
    expect(mostInAll).toBeGreaterThan(2)
    expect(mostInAll).toBeLessThanOrEqual(6)
    const all = await articles.keepAllPictures(world, 'cli', { signal: GOING_ON })
    expect(all).toEqual({ kept: 10, failed: [], waiting: 0 })
  })

  test('is fetched once by two runs at the same time', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    await load(world, ...Array.from({ length: 20 }, (_, n) => ({ guid: `a${n}`, image: `${host.url}/${n}` })))
    const runs = await Promise.all([run(world), run(world), run(world)])
    expect(runs.reduce((sum, { kept }) => sum + kept, 0)).toBe(20)
    expect(host.asked).toHaveLength(20)
    expect(await illustrated(world)).toBe(20)
    expect(await downloads(world)).toEqual([])
  })

  test.skipIf(kind === 'pglite')('is fetched once by two processes, and again if one was killed over it', async () => {
    await using host = await openPartner((...asked) => void setTimeout(() => picture(...asked), 100))
    await using world = await worldWith(kind, host.place)
    await load(world, ...Array.from({ length: 20 }, (_, n) => ({ guid: `a${n}`, image: `${host.url}/${n}` })))
    await dueNow(world)
    const [doomed, other] = [command(world, 'article', 'pictures'), command(world, 'article', 'pictures')]
    await until(() => host.asked.length > 5)
    doomed.kill('SIGKILL')
    const [, { code, answer }] = await Promise.all([doomed.ended, other.ended])
    expect({ code, answer }).toMatchObject({ code: 0, answer: { failed: [] } })
    expect(host.asked.length).toBeLessThanOrEqual(20)
    expect(answer.waiting).toBeLessThanOrEqual(2) // what the killed one was at
    expect(await illustrated(world)).toBeGreaterThanOrEqual(20 - answer.waiting)
    await dueNow(world) // five minutes later
    expect((await command(world, 'article', 'pictures').ended).answer).toMatchObject({ failed: [], waiting: 0 })
    expect(await illustrated(world)).toBe(20)
    expect(readdirSync(world.config.media).filter((name) => !name.startsWith('.'))).toHaveLength(120)
  })

  test('is not lost when a process stops in the middle of it, or dies', async () => {
    await using host = await openPartner((request, response) => {
      if (host.asked.length <= 2) response.writeHead(200).write(JPEG.subarray(0, 100))
      else picture(request, response)
    })
    await using world = await worldWith(kind, host.place)
    await load(world, { guid: 'a', image: `${host.url}/a` })
    const stop = new AbortController()
    const stopped = articles.keepPictures(world, 'job', { signal: stop.signal })
    await until(() => host.asked.length === 1)
    stop.abort()
    expect(await stopped).toEqual({ kept: 0, failed: [], waiting: 1 })
    expect(await downloads(world)).toMatchObject([{ attempts: 0, reason: null }])

    const death = new AbortController()
    const dying = articles.keepPictures(world, 'job', { signal: death.signal })
    await until(() => host.asked.length === 2)
    expect(await downloads(world)).toMatchObject([{ attempts: 1 }]) // what a kill here leaves behind
    expect(await run(world)).toEqual({ kept: 0, failed: [], waiting: 1 })
    world.clock.advance({ minutes: 5 })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
    death.abort()
    await dying
    expect(await illustrated(world)).toBe(1)
    expect(await downloads(world)).toEqual([])
  })

  test('is kept for a story that comes in while it is being fetched', async () => {
    const arrived = Promise.withResolvers<void>()
    await using host = await openPartner(
      (request, response) => void arrived.promise.then(() => picture(request, response)),
    )
    await using world = await worldWith(kind, host.place)
    await load(world, { guid: 'a', image: `${host.url}/a` })
    const running = run(world)
    await until(() => host.asked.length === 1)
    await load(world, { guid: 'b', image: `${host.url}/a` })
    arrived.resolve()
    expect(await running).toEqual({ kept: 1, failed: [], waiting: 0 })
    expect(await illustrated(world)).toBe(2)
  })

  test('waits, without losing a try, where its folder cannot be written to', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    await load(world, { guid: 'a', image: `${host.url}/a` })
    writeFileSync(world.config.media, 'in the way')
    await expect(run(world)).rejects.toMatchObject({ code: 'folder-unwritable' })
    rmSync(world.config.media)
    expect(await downloads(world)).toMatchObject([{ attempts: 0 }])
    world.clock.advance({ minutes: 5 })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
  })
})

function picture({ url }: IncomingMessage, response: ServerResponse): void {
  if (url === '/svg') response.end('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  else if (url === '/html') response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end('<html>')
  else if (url === '/cut') response.end(JPEG.subarray(0, JPEG.length / 2))
  else if (url === '/empty') response.end()
  else if (url === '/inward') response.writeHead(301, { Location: 'http://0xa.1/' }).end()
  else response.end(Buffer.concat([JPEG, Buffer.from(url!)])) // another picture for each address
}

function worldWith(kind: Kind, ...places: string[]): Promise<World> {
  return openWorld(kind, NOON, { NASHRA_FETCH_ALLOW: places.join(' ') })
}

async function run(world: World): Promise<articles.KeptPictures> {
  return (await keepPictures.run(world, GOING_ON)) as articles.KeptPictures
}

async function load(world: World, ...rows: object[]): Promise<void> {
  const lines = rows.map((row) => `${JSON.stringify({ title: 'سفينة', body_html: '<p>نص</p>', ...row })}\n`)
  expect(await articles.importLines(world, 'cli', Readable.from([Buffer.from(lines.join(''))]))).toMatchObject({
    rejected: [],
  })
}

async function story(world: World, guid: string): Promise<articles.Story> {
  const { id } = await world.db.selectFrom('article').select('id').where('guid', '=', guid).executeTakeFirstOrThrow()
  return (await articles.byIds(world.db, [id]))[0]!
}

async function illustrated(world: World): Promise<number> {
  return (await world.db.selectFrom('article').select('id').where('image_id', 'is not', null).execute()).length
}

function downloads(world: World) {
  return world.db.selectFrom('download').selectAll().orderBy('url').execute()
}

function site(world: World) {
  return world.db.selectFrom('site').selectAll().executeTakeFirstOrThrow()
}

async function feed(world: World): Promise<string> {
  const channel = await channels.find(world.db, 'all')
  const given = await syndication.gather(world.db, await site(world), channel, world.config.url, instant(world.now()))
  return syndication.build(given, 'rss').body.toString()
}

async function page(world: World, path: string): Promise<string> {
  return (await handler(world).request(path)).text()
}

function command(world: World, ...words: string[]) {
  const { data, database, fetchAllow } = world.config
  const child = spawn(process.execPath, ['bin/nashra.js', ...words, '--json'], {
    env: {
      PATH: process.env['PATH'],
      NASHRA_DATA: data,
      NASHRA_DATABASE: database,
      NASHRA_FETCH_ALLOW: fetchAllow.join(' '),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = Promise.all([once(child, 'close'), text(child.stdout)]).then(([[code], out]) => ({
    code: code as number | null,
    answer: (out ? JSON.parse(out) : {}) as articles.KeptPictures,
  }))
  return { ended, kill: (signal: NodeJS.Signals) => child.kill(signal) }
}

/** For processes, whose clock is the machine's. */
async function dueNow(world: World): Promise<void> {
  await world.db
    .updateTable('download')
    .set({ due_at: 0 as Instant })
    .execute()
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

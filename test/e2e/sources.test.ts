import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openApp } from '../../src/open.ts'
import * as sources from '../../src/sources/index.ts'
import { feedOf } from '../feed-of.ts'
import { type Mood, openMixedSites } from '../mixed-sites.ts'
import { openPartner } from '../partner.ts'

const PROGRAM = resolve(import.meta.dirname, '../../bin/nashra.js')
const STORIES = feedOf([{ guid: 'a', title: 'خبر', at: '2026-11-25T10:00:00Z' }])

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nashra-sources-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function environment(allow: string): Record<string, string> {
  return { PATH: process.env['PATH']!, LANG: 'en', NASHRA_DATA: folder, NASHRA_LOG: 'error', NASHRA_FETCH_ALLOW: allow }
}

async function nashra(
  env: Record<string, string>,
  ...words: string[]
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, 'source', ...words], { env }, (error, out, err) =>
      done({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

test('sources are added, polled, shown and changed by command', async () => {
  await using partner = await openPartner((request, response) => {
    if (request.url === '/')
      return void response.end('<!doctype html><link rel=alternate type=application/rss+xml href=/a/feed>')
    if (request.url === '/away/feed') return void response.writeHead(301, { Location: '/b/feed' }).end()
    if (request.url === '/busy/feed') return void response.writeHead(429, { 'Retry-After': '90' }).end()
    if (request.url === '/old/feed') return void response.writeHead(410).end()
    if (request.headers['if-none-match']) return void response.writeHead(304).end()
    response.writeHead(request.url!.endsWith('feed') ? 200 : 404, { ETag: '"1"' }).end(STORIES)
  })
  const env = environment(partner.place)
  const json = async (...words: string[]) => JSON.parse((await nashra(env, ...words, '--json')).out)
  expect(await json('add', partner.url, '--language', 'ar', '--day-first', '--credit', 'وكالة')).toEqual({
    id: 1,
    url: `${partner.url}/a/feed`,
    kind: 'feed',
    found: 'the page names this feed',
  })
  for (const path of ['away', 'busy', 'old']) await json('add', `${partner.url}/${path}/feed`, '--hold')
  const asked = partner.asked.length
  expect(asked).toBe(1)
  const polled = await json('poll')
  expect(polled).toMatchObject([
    { id: 1, url: `${partner.url}/a/feed`, status: 'ok', items: [{ title: 'خبر', guid: 'a' }] },
    { id: 2, url: `${partner.url}/away/feed`, status: 'ok', newUrl: `${partner.url}/b/feed` },
    { id: 3, status: 'backoff', retryAfter: 90, items: [] },
    { id: 4, status: 'gone', items: [] },
  ])
  expect(polled[0].items[0]).toMatchObject({
    date: '2026-11-25T10:00:00.000Z',
    html: expect.stringContaining('نص الخبر'),
  })
  expect(await json('poll')).toEqual([])
  expect(await json('poll', '1', '--once')).toMatchObject([{ id: 1, status: 'notmodified', items: [{ guid: 'a' }] }])
  expect(await json('poll', '4')).toMatchObject([{ id: 4, status: 'gone' }])
  expect(await json('show', '1')).toMatchObject({
    state: 'ok',
    title: 'شريك',
    etag: '"1"',
    date_order: 'day',
    credit: 'وكالة',
  })
  expect(await json('set', '1', '--publish', '--pictures')).toMatchObject({
    pictures: 'keep',
    intake: 'publish',
    date_order: 'day',
  })
  expect(await json('set', '1', '--credit', '')).toMatchObject({ credit: null, pictures: 'keep' })
  expect(await json('pause', '1')).toMatchObject({ state: 'paused', next_poll: null })
  expect((await json('list')).map(({ state }: { state: string }) => state)).toEqual([
    'paused',
    'ok',
    'failing',
    'ended',
  ])
  expect(await json('resume', '4')).toMatchObject({ state: 'unread' })
  expect((await nashra(env, 'list')).out).toMatch(
    /id=3 .* state=failing .* error=it asks us to come less often \(429\)/,
  )
})

test('what cannot be done is said in a sentence', async () => {
  await using partner = await openPartner((_, response) => void response.end('<!doctype html><title>x</title>'))
  const env = environment(partner.place)
  for (const [words, code, err] of [
    [['add', `${partner.url}/`], 1, /no feed was found there\. Look for “RSS”/],
    [['add', 'ftp://partner.example/'], 1, /is not an address like/],
    [['add', 'https://p.example/feed', '--charset', 'klingon'], 1, /«klingon» is not a charset/],
    [['add', 'https://p.example/feed', '--date-order', 'year'], 1, /«year» is not an order of day and month/],
    [['poll', '7'], 1, /There is no source 7/],
    [['show', 'x'], 2, /«x» is not the number of a source/],
    [['show', '0'], 1, /There is no source 0/],
    [['pause'], 2, /missing required argument/],
  ] as const)
    expect(await nashra(env, ...words)).toMatchObject({ code, err: expect.stringMatching(err) })
  const added = await nashra(env, 'add', 'http://nothing.invalid/')
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/warning: nothing\.invalid could not be asked/) })
}, 180_000)

test('a poll that is told to stop ends soon, with what is due still due', async () => {
  await using partner = await openPartner(() => {})
  const env = environment(partner.place)
  await nashra(env, 'add', `${partner.url}/feed`)
  const child = spawn(process.execPath, [PROGRAM, 'source', 'poll'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  await expect.poll(() => partner.asked.length, { timeout: 20_000 }).toBe(1)
  const began = performance.now()
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(performance.now() - began).toBeLessThan(5000)
  const [listed] = JSON.parse((await nashra(env, 'list', '--json')).out)
  expect(listed).toMatchObject({ state: 'unread', error: null })
}, 180_000)

test('serve reads sites of all moods, eight at once and one of a host, and answers its readers meanwhile', async () => {
  const sites = await openMixedSites(0.05)
  const port = await freePort()
  const allow = sites.list.map(({ place }) => place).join(' ')
  const env = { ...environment(allow), NASHRA_PORT: String(port), NASHRA_URL: `http://127.0.0.1:${port}` }
  const app = await openApp(readConfig(env))
  for (const { url, mood } of sites.list) await sources.add(app, 'cli', url, { title: mood })
  const child = spawn(process.execPath, [PROGRAM, 'serve'], { env, stdio: 'ignore' })
  try {
    await expect
      .poll(
        () =>
          ask(port, '/readyz').then(
            ({ ok }) => ok,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true)
    const times: number[] = []
    while ((await sources.all(app.read)).some(({ polled_at }) => polled_at === null)) {
      const began = performance.now()
      expect((await ask(port, times.length % 2 ? '/' : '/feeds/all.rss')).status).toBe(200)
      times.push(performance.now() - began)
      await sleep(20)
    }
    const { most, mostOfOne } = await sites.seen()
    expect(most).toBeLessThanOrEqual(8)
    expect(mostOfOne).toBe(1)
    const readable: Mood[] = ['plain', 'slow', 'moved', 'big', 'many']
    for (const { title, failures, error } of await sources.all(app.read))
      expect({ title, failures, error }).toMatchObject(
        readable.includes(title as Mood)
          ? { failures: 0, error: null }
          : { failures: 1, error: expect.stringMatching(/[a-z]/) },
      )
    expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(100) // bench/sources.ts measures it
  } finally {
    await stopped(child)
    await app.database.close()
    await sites.close()
  }
}, 180_000)

async function ask(port: number, path: string): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`)
  await answer.arrayBuffer()
  return answer
}

async function stopped(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  if (child.exitCode === null) await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openFeeds } from '../../src/web/feeds.ts'
import { publishAll } from '../feed-server.ts'
import { openRelay } from '../relay.ts'
import { openWorld, type World } from '../world.ts'

/*
 * Programs that people read feeds with subscribe, read everything, and are told 304 when they come back: a poll that brings
 * nothing new must cost nothing.
 */

const ENTRIES = 30
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'nashra-polls-'))

type Poll = { path: string; status: number }

let world: World
let url: string
let close: () => Promise<void>
let polls: Poll[]

beforeAll(async () => {
  world = await openWorld('sqlite', '2026-11-23T04:10:00Z')
  await publishAll(
    world,
    Array.from({ length: ENTRIES }, (_, n) => ({ guid: `story-${n}` })),
  )
  const feeds = openFeeds(world)
  const server = createServer((request, response) => {
    response.on('finish', () => polls.push({ path: request.url!, status: response.statusCode }))
    if (!feeds.handle(request, response)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = async () => {
    server.close()
    server.closeAllConnections()
    await feeds.close()
  }
})

beforeEach(() => {
  polls = []
})

afterAll(async () => {
  await close?.()
  await world?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Where a program is missing its test is skipped, and it is said which. */
function has(...programs: string[]): boolean {
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (missing.length > 0) console.log(`No ${missing.join(', ')} on this machine: the test with it is skipped.`)
  return missing.length === 0
}

const statuses = (path: string) => polls.filter((poll) => poll.path === path).map((poll) => poll.status)
const home = (name: string) => mkdtempSync(join(folder, `${name}-`))

test.skipIf(!has('newsboat'))('newsboat', async () => {
  const where = home('newsboat')
  writeFileSync(join(where, 'urls'), `${url}/feeds/all.rss\n`)
  writeFileSync(join(where, 'config'), '')
  const files = ['-u', join(where, 'urls'), '-c', join(where, 'cache.db'), '-C', join(where, 'config')]
  for (let reload = 0; reload < 3; reload++)
    await run('newsboat', ['-x', 'reload', ...files], { env: { ...process.env, HOME: where } })
  const cache = new Sqlite(join(where, 'cache.db'), { readonly: true })
  expect(cache.prepare('select count(*) from rss_item').pluck().get()).toBe(ENTRIES)
  cache.close()
  expect(statuses('/feeds/all.rss')).toEqual([200, 200, 304]) // it keeps the validators from its second reload on
})

test.skipIf(!has('r2e'))('rss2email', async () => {
  await using relay = await openRelay()
  const where = home('rss2email')
  const config = join(where, 'rss2email.cfg')
  const r2e = (...more: string[]) => run('r2e', ['-c', config, '-d', join(where, 'data.json'), ...more])
  await r2e('new', 'reader@example.org')
  await r2e('add', 'paper', `${url}/feeds/all.atom`)
  const { stdout } = await run('sed', [
    ...['-e', 's/^email-protocol.*/email-protocol = smtp/'],
    ...['-e', `s/^smtp-server .*/smtp-server = 127.0.0.1:${relay.port}/`, config],
  ])
  writeFileSync(config, stdout)
  await r2e('run')
  expect(new Set(relay.received.map((letter) => /^Subject: .*/im.exec(letter.source)?.[0])).size).toBe(ENTRIES)
  await r2e('run')
  expect(relay.received).toHaveLength(ENTRIES)
  expect(statuses('/feeds/all.atom')).toEqual([200, 304])
})

const python = ['python3', '/usr/bin/python3'].find(
  (path) => spawnSync(path, ['-c', 'import feedparser'], { stdio: 'ignore' }).status === 0,
)
if (!python)
  console.log('No feedparser on this machine (Debian: apt-get install python3-feedparser): its test is skipped.')

test.skipIf(!python)('feedparser', async () => {
  const script = `
import feedparser, sys
first = feedparser.parse(sys.argv[1])
again = feedparser.parse(sys.argv[1], etag=first.etag, modified=first.modified)
print(first.status, len(first.entries), again.status, len(again.entries))`
  const { stdout } = await run(python!, ['-c', script, `${url}/feeds/all.atom`])
  expect(stdout.trim()).toBe(`200 ${ENTRIES} 304 0`)
})

test.skipIf(!has('sfeed_update', 'curl'))('sfeed', async () => {
  const where = home('sfeed')
  const config = join(where, 'sfeedrc')
  writeFileSync(
    config,
    `sfeedpath="${where}/feeds"
fetch() { curl -sfL --etag-save "${where}/new" --etag-compare "${where}/etag" "$2" && if [ -s "${where}/new" ]; then mv "${where}/new" "${where}/etag"; fi; }
feeds() { feed "paper" "${url}/feeds/all.rss"; }
`,
  )
  for (let reload = 0; reload < 2; reload++) await run('sfeed_update', [config])
  const { stdout } = await run('sh', ['-c', `wc -l < "${where}/feeds/paper"`])
  expect(Number(stdout)).toBe(ENTRIES)
  expect(statuses('/feeds/all.rss')).toEqual([200, 304])
})

const needs = ['liferea', 'xvfb-run', 'dbus-run-session', 'dbus-send'] // Debian: liferea xvfb xauth dbus

test.skipIf(!has(...needs))('liferea', { timeout: 120_000 }, async () => {
  const where = home('liferea')
  mkdirSync(join(where, '.config/liferea'), { recursive: true })
  writeFileSync(
    join(where, '.config/liferea/feedlist.opml'),
    `<opml version="1.0"><head><title>Liferea Feed List Export</title></head><body>
<outline text="paper" title="paper" type="rss" id="paperxx" xmlUrl="${url}/feeds/all.atom"/></body></opml>`,
  )
  // On a screen that nobody sees, told again and again to look at its feeds, until it is told to end.
  const script = `liferea --mainwindow-state=hidden & reader=$!
until [ -e "$HOME/end" ]; do
  dbus-send --session --print-reply --dest=org.gnome.feed.Reader /org/gnome/feed/Reader org.gnome.feed.Reader.Refresh
  sleep 2
done
kill $reader; wait $reader; exit 0`
  const env = { ...process.env, HOME: where, GSETTINGS_BACKEND: 'memory', NO_AT_BRIDGE: '1' }
  const session = run('timeout', ['90', 'xvfb-run', '-a', 'dbus-run-session', '--', 'sh', '-c', script], {
    env: { ...env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
  })
  const polled = () => statuses('/feeds/all.atom')
  for (let tries = 0; tries < 800 && !polled().includes(304); tries++) await pause(100)
  writeFileSync(join(where, 'end'), '')
  await session
  expect(polled()[0]).toBe(200)
  expect(polled()).toContain(304)
  const store = new Sqlite(join(where, '.local/share/liferea/liferea.db'), { readonly: true })
  expect(store.prepare('select count(*) from items').pluck().get()).toBe(ENTRIES)
  store.close()
})

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

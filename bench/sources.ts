/*
 * Three hundred sources of all behaviours, read by a real `serve` that answers readers meanwhile.
 *
 *   node bin/node26.js bench/sources.ts [sources per kind, as a share of three hundred, 1 by default]
 *
 * The sites stand on ports of their own in another thread and count the connections they see. Readers ask for the front page,
 * a feed and a channel's page, fifty times a second, first while nothing is read (the floor), then while everything is, and
 * then while everything is read again. A pause of the event loop shows as a late answer: requests begin by the clock,
 * whether the ones before have ended or not.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Instant, instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import { publish } from '../src/articles/index.ts'
import { readConfig } from '../src/config.ts'
import { openApp } from '../src/open.ts'
import * as sources from '../src/sources/index.ts'
import { openMixedSites, type Sites } from '../test/mixed-sites.ts'

const SHARE = Number(process.argv[2] ?? 1)
const FLOOR = 15_000 // ms
const PER_SECOND = 50
const PATHS = ['/', '/feeds/all.rss', '/c/all', '/feeds/all.json']
const LIMIT = 600_000 // ms for a round
const ROOT = resolve(import.meta.dirname, '..')

const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const sites = await openMixedSites(SHARE)
const port = await freePort()
const env = {
  NASHRA_DATA: folder,
  NASHRA_PORT: String(port),
  NASHRA_URL: `http://127.0.0.1:${port}`,
  NASHRA_LOG: 'error',
  NASHRA_FETCH_ALLOW: sites.list.map(({ place }) => place).join(' '),
}
const app = await openApp(readConfig(env))
await fill(app, sites)
const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
  cwd: ROOT,
  env,
  stdio: ['ignore', 'ignore', 'inherit'],
})
try {
  await untilItServes()
  const readers = openReaders()
  await readers.measure(2000) // warm
  const rows = [{ while: 'nothing is read', ...figures(await readers.measure(FLOOR)) }]
  for (const what of ['all are read', 'all are read again']) {
    const began = await makeDue(app)
    const times = await readers.until(() => allPolled(app, began))
    rows.push({ while: what, ...figures(times), 'took s': Math.round((Date.now() - began) / 1000) } as never)
    await tell(app, began)
  }
  console.log(
    `\n${sites.list.length} sources on as many hosts; readers ask ${PER_SECOND} times a second; one process, SQLite`,
  )
  console.table(rows)
  const { most, mostOfOne } = await sites.seen()
  console.log(
    `connections at once: ${most} at most, ${mostOfOne} at one host; memory of serve at most: ${peak(child.pid!)} MB`,
  )
} finally {
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  await app.database.close()
  await sites.close()
  rmSync(folder, { recursive: true, force: true })
}

async function fill(app: App, { list }: Sites): Promise<void> {
  const sentence = 'قالت إدارة الميناء في بيان اليوم إن السفن ستعود إلى الأرصفة حين تهدأ الريح. '
  const drafts = Array.from({ length: 200 }, (_, n) => ({
    guid: `bench-${n}`,
    title: `الميناء: على السفن الانتظار حتى تهدأ الريح ${n}`,
    body_html: `<p>${sentence.repeat(5)}</p>`,
    language: 'ar',
    published_at: (Date.now() - n * 3_600_000) as Instant,
  }))
  await publish(app, 'cli', drafts)
  for (const { url, mood } of list) await sources.add(app, 'cli', url, { title: mood })
  await app.db.updateTable('source').set({ due_at: null }).execute()
}

/** Now is everybody's hour; the timetable sees it within a minute. Answers when that was. */
async function makeDue(app: App): Promise<number> {
  const now = instant(app.now())
  await app.db.updateTable('source').set({ due_at: now }).where('id', '>', 0).execute()
  return now
}

async function allPolled(app: App, since: number): Promise<boolean> {
  const late = await app.read
    .selectFrom('source')
    .select('id')
    .where('id', '>', 0)
    .where(({ eb, or }) => or([eb('polled_at', 'is', null), eb('polled_at', '<', since as Instant)]))
    .limit(1)
    .execute()
  if (late.length > 0 && Date.now() - since > LIMIT) throw new Error('not all were polled in time')
  return late.length === 0
}

/** How each kind fared: how many can be read, why not, and when the last of them was polled. */
async function tell(app: App, began: number): Promise<void> {
  const all = await sources.all(app.read)
  const first = Math.min(...all.map(({ polled_at }) => polled_at!))
  const kinds = Map.groupBy(all, ({ title }) => title)
  console.log(
    `\nfirst answer ${((first - began) / 1000).toFixed(1)} s after all were due (the timetable looks once a minute)`,
  )
  console.table(
    [...kinds].map(([kind, list]) => ({
      kind,
      n: list.length,
      read: list.filter(({ error, failures }) => failures === 0 && error === null).length,
      'last polled after s': Math.round((Math.max(...list.map(({ polled_at }) => polled_at!)) - first) / 1000),
      error: list.find(({ error }) => error)?.error ?? '',
    })),
  )
}

function openReaders() {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  async function ask(path: string): Promise<number> {
    const began = performance.now()
    await new Promise<void>((resolve, reject) => {
      const once = () => {
        const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${path} answers ${response.statusCode}`))
          response.resume().on('end', resolve)
        })
        // A connection that was idle may be closed in the moment in which it is used again: every browser asks anew then.
        request.on('error', (error) => (request.reusedSocket ? once() : reject(error)))
      }
      once()
    })
    return performance.now() - began
  }
  async function until(over: () => Promise<boolean>): Promise<number[]> {
    const times: Promise<number>[] = []
    const began = performance.now()
    for (let n = 0; ; n++) {
      await sleep(Math.max(0, began + (n * 1000) / PER_SECOND - performance.now()))
      times.push(ask(PATHS[n % PATHS.length]!))
      if (n % PER_SECOND === 0 && (await over())) return Promise.all(times)
    }
  }
  return {
    until,
    measure(duration: number): Promise<number[]> {
      const end = performance.now() + duration
      return until(async () => performance.now() > end)
    },
  }
}

function figures(times: number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1))
  return { requests: sorted.length, 'p50 ms': at(0.5), 'p99 ms': at(0.99), 'most ms': at(1) }
}

/** The most that a process has held in memory (Linux; elsewhere 0). */
function peak(pid: number): number {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
  } catch {
    return 0
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilItServes(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answers = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (answers) return
    await sleep(100)
  }
  throw new Error('it does not serve')
}

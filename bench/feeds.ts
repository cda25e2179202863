/*
 * How many polls of a feed one process answers in a second, against nginx with one worker serving the same bytes from files.
 *
 *   node bin/node26.js bench/feeds.ts [seconds per run, 3 by default]
 *
 * Load comes from wrk, or autocannon where there is no wrk. Each side runs by itself, in turns; of five runs the median counts.
 * Memory is that of our process before the first and after the last million of requests.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Instant } from '../db/instant.ts'
import { publish } from '../src/articles/index.ts'
import { readConfig } from '../src/config.ts'
import { openApp } from '../src/open.ts'

const SECONDS = Number(process.argv[2] ?? 3)
const CONNECTIONS = 100
const ROUNDS = 5
const FEED = '/feeds/all.rss'
const ROOT = resolve(import.meta.dirname, '..')
const AUTOCANNON = join(ROOT, 'node_modules/autocannon/autocannon.js')

type Side = { url: string; pid: number; close(): void }
type Run = { rate: number; p99: number; requests: number }

const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const ours = await openOurs(folder)
try {
  const plain = await fetch(ours.url + FEED, { headers: { 'Accept-Encoding': 'identity' } })
  const etag = plain.headers.get('etag')!
  const body = Buffer.from(await plain.arrayBuffer())
  const nginx = await openNginx(folder, body, plain.headers)
  if (!nginx) console.log('No nginx on this machine (Debian: apt-get install nginx): there is nothing to compare with.')
  else await compare(ours, nginx, etag, body.length)
} finally {
  ours.close()
  await setTimeout(500)
  rmSync(folder, { recursive: true, force: true })
}

/** `serve` over a fresh SQLite file with fifty articles of a common length. */
async function openOurs(folder: string): Promise<Side> {
  const port = await freePort()
  const env = {
    NASHRA_DATA: folder,
    NASHRA_PORT: String(port),
    NASHRA_URL: 'https://news.example',
    NASHRA_LOG: 'error',
  }
  await fill(env)
  const child = spawn(process.execPath, ['src/main.ts', 'serve', '--only', 'web'], { cwd: ROOT, env, stdio: 'ignore' })
  for (let tries = 0; tries < 100 && !(await answers(port)); tries++) await setTimeout(100)
  return { url: `http://127.0.0.1:${port}`, pid: child.pid!, close: () => void child.kill() }
}

async function fill(env: Record<string, string>): Promise<void> {
  const app = await openApp(readConfig(env))
  const sentence =
    'قالت إدارة الميناء في بيان اليوم إن السفن ستعود إلى الأرصفة حين تهدأ الريح، وإن العمل لا يتوقف في المستودعات. '
  const drafts = Array.from({ length: 50 }, (_, n) => ({
    guid: `bench-${n}`,
    title: `الميناء: على السفن الانتظار حتى تهدأ الريح ${n}`,
    body_html: Array.from({ length: 5 }, (_, k) => `<p>${k} ${sentence.repeat(3)}${n * k}</p>`).join('\n'),
    language: 'ar',
    authors: ['ليلى'],
    tags: ['بحر', 'موانئ'],
    published_at: (Date.now() - n * 3_600_000) as Instant,
  }))
  await publish(app, 'cli', drafts)
  await app.database.close()
}

/** nginx as it is fastest: files kept open, gzip done beforehand, no log; the headers are ours. */
async function openNginx(folder: string, body: Buffer, headers: Headers): Promise<Side | undefined> {
  if (spawnSync('nginx', ['-v']).error) return undefined
  mkdirSync(join(folder, 'files/feeds'), { recursive: true })
  writeFileSync(join(folder, 'files', FEED), body)
  writeFileSync(join(folder, 'files', `${FEED}.gz`), gzipSync(body, { level: 9 }))
  const port = await freePort()
  const same = ['cache-control', 'x-content-type-options', 'access-control-allow-origin']
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=100; open_file_cache_valid 60s;
  gzip_static on; gzip_vary on; types { application/rss+xml rss; } charset utf-8; charset_types application/rss+xml;
  client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3; uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
  server { listen 127.0.0.1:${port}; root ${folder}/files; ${same.map((name) => `add_header ${name} "${headers.get(name)}";`).join(' ')} }
}`,
  )
  const child = spawn('nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' })
  for (let tries = 0; tries < 50 && !(await answers(port)); tries++) await setTimeout(100)
  return { url: `http://127.0.0.1:${port}`, pid: child.pid!, close: () => void child.kill('SIGQUIT') }
}

async function compare(ours: Side, nginx: Side, etag: string, length: number): Promise<void> {
  const theirs = (await fetch(nginx.url + FEED)).headers.get('last-modified')!
  const cases: [string, string[], string[]][] = [
    ['identity', [], []],
    ['gzip', ['Accept-Encoding: gzip'], ['Accept-Encoding: gzip']],
    ['304', [`If-None-Match: ${etag}`], [`If-Modified-Since: ${theirs}`]],
  ]
  const rows = []
  const before = megabytes(ours.pid)
  let requests = 0
  try {
    for (const [answer, own, other] of cases) {
      const runs: { ours: Run[]; nginx: Run[] } = { ours: [], nginx: [] }
      for (let round = 0; round < ROUNDS; round++) {
        runs.ours.push(await load(ours.url + FEED, own))
        runs.nginx.push(await load(nginx.url + FEED, other))
      }
      requests += runs.ours.reduce((sum, run) => sum + run.requests, 0)
      const rate = (side: Run[]) => median(side.map((run) => run.rate))
      const p99 = (side: Run[]) => median(side.map((run) => run.p99))
      rows.push({
        answer,
        'nashra req/s': Math.round(rate(runs.ours)),
        'nginx req/s': Math.round(rate(runs.nginx)),
        ratio: Number((rate(runs.ours) / rate(runs.nginx)).toFixed(2)),
        'nashra p99 ms': p99(runs.ours),
        'nginx p99 ms': p99(runs.nginx),
      })
    }
  } finally {
    nginx.close()
  }
  console.log(
    `${FEED}: ${length} bytes, ${CONNECTIONS} connections kept alive, median of ${ROUNDS} runs of ${SECONDS} s in turns, one process each, loopback`,
  )
  console.table(rows)
  console.log(
    `our memory: ${before} MB before, ${megabytes(ours.pid)} MB after ${(requests / 1e6).toFixed(1)} million requests`,
  )
}

/** Throws if an answer was an error. */
async function load(url: string, headers: string[]): Promise<Run> {
  const flags = headers.flatMap((header) => ['-H', header])
  if (!spawnSync('wrk', ['-v']).error) {
    const { stdout } = await promisify(execFile)('wrk', [
      ...['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency'],
      ...[...flags, url],
    ])
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
    const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout)!
    return {
      rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]),
      p99: Number((Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's']).toFixed(2)),
      requests: Number(/(\d+) requests in/.exec(stdout)![1]),
    }
  }
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[AUTOCANNON, '-j', '-c', String(CONNECTIONS), '-d', String(SECONDS)],
    ...flags.map((flag) => flag.replace(': ', '=')),
    url,
  ])
  const result = JSON.parse(stdout)
  if (result.errors > 0 || result['4xx'] + result['5xx'] > 0) throw new Error(stdout)
  return { rate: result.requests.average, p99: result.latency.p99, requests: result.requests.total }
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}

/** What a process holds in memory (Linux; elsewhere 0). */
function megabytes(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
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

async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true)).on('error', () => resolve(false))
  const answered = await promise
  socket.destroy()
  return answered
}

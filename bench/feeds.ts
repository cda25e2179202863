/*
 * How many polls of a feed one process answers in a second, against nginx with one worker serving the same bytes from files.
 *
 *   node bin/node26.js bench/feeds.ts [seconds per run, 3 by default]
 *
 * Load comes from wrk, or autocannon where there is no wrk; each side is measured twice, in turns, and its better run counts.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
import { openFeeds } from '../src/web/feeds.ts'

const SECONDS = Number(process.argv[2] ?? 3)
const CONNECTIONS = 32
const FEED = '/feeds/all.rss'
const AUTOCANNON = resolve(import.meta.dirname, '../node_modules/autocannon/autocannon.js')

type Side = { url: string; close(): Promise<void> | void }
type Case = { name: string; headers: string[] }

const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const ours = await openOurs(folder)
try {
  const plain = await fetch(ours.url + FEED, { headers: { 'Accept-Encoding': 'identity' } })
  const etag = plain.headers.get('etag')!
  const body = Buffer.from(await plain.arrayBuffer())
  const nginx = openNginx(folder, body, plain.headers)
  if (!nginx) console.log('No nginx on this machine (Debian: apt-get install nginx): there is nothing to compare with.')
  else await compare(ours, await nginx, etag, body.length)
} finally {
  await ours.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Our feeds over a fresh SQLite file with fifty articles of a common length. */
async function openOurs(folder: string): Promise<Side> {
  const app = await openApp(readConfig({ NASHRA_DATA: folder, NASHRA_URL: 'https://news.example', NASHRA_LOG: 'warn' }))
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
  const feeds = openFeeds(app)
  const server = createServer(
    (request, response) => void (feeds.handle(request, response) || response.writeHead(404).end()),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      feeds.close()
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
      await app.database.close()
    },
  }
}

/** nginx as it is fastest: files kept open, gzip done beforehand, no log; the headers are ours. */
function openNginx(folder: string, body: Buffer, headers: Headers): Promise<Side> | undefined {
  if (spawnSync('nginx', ['-v']).error) return undefined
  return startNginx(folder, body, headers)
}

async function startNginx(folder: string, body: Buffer, headers: Headers): Promise<Side> {
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
  return { url: `http://127.0.0.1:${port}`, close: () => void child.kill('SIGQUIT') }
}

async function compare(ours: Side, nginx: Side, etag: string, length: number): Promise<void> {
  const theirs = (await fetch(nginx.url + FEED)).headers.get('last-modified')!
  const cases: [Case, Case][] = [
    [{ name: 'identity', headers: [] }, { name: 'identity', headers: [] }],
    [{ name: 'gzip', headers: ['Accept-Encoding: gzip'] }, { name: 'gzip', headers: ['Accept-Encoding: gzip'] }],
    [{ name: '304', headers: [`If-None-Match: ${etag}`] }, { name: '304', headers: [`If-Modified-Since: ${theirs}`] }],
  ] // biome-ignore format: one table
  const rows = []
  try {
    for (const [own, other] of cases) {
      const best = { ours: 0, nginx: 0 }
      for (let round = 0; round < 2; round++) {
        best.ours = Math.max(best.ours, await load(ours.url + FEED, own.headers))
        best.nginx = Math.max(best.nginx, await load(nginx.url + FEED, other.headers))
      }
      rows.push({
        answer: own.name,
        'nashra req/s': Math.round(best.ours),
        'nginx req/s': Math.round(best.nginx),
        ratio: Number((best.ours / best.nginx).toFixed(2)),
      })
    }
  } finally {
    await nginx.close()
  }
  console.log(
    `${FEED}: ${length} bytes, ${CONNECTIONS} connections kept alive, ${SECONDS} s a run, one process each, loopback`,
  )
  console.table(rows)
}

/** Requests per second; throws if an answer was an error. */
async function load(url: string, headers: string[]): Promise<number> {
  const flags = headers.flatMap((header) => ['-H', header])
  if (!spawnSync('wrk', ['-v']).error) {
    const { stdout } = await promisify(execFile)('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, ...flags, url])
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1])
  }
  const { stdout } = await promisify(execFile)(process.execPath, [
    AUTOCANNON,
    '-j',
    '-c',
    String(CONNECTIONS),
    '-d',
    String(SECONDS),
    ...flags.map((flag) => flag.replace(': ', '=')),
    url,
  ])
  const result = JSON.parse(stdout)
  if (result.errors > 0 || result['4xx'] + result['5xx'] > 0) throw new Error(stdout)
  return result.requests.average
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

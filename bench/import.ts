/*
 * A million readers from a CSV: how fast they go in, in how much memory, and what the web server's visitors notice of it.
 *
 *   node bin/node26.js bench/import.ts [readers=1000000] [postgres://…, a server's own database; SQLite without]
 *
 * The import is a process of its own beside `serve`, as on a real machine. It is held against the plainest way to fill the
 * same tables in the same run: `sqlite3 .import` (or `psql \copy`) into a temporary table, then insert … select.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { migrate, openDatabase } from '../db/open.ts'

const COUNT = Number(process.argv[2] ?? 1_000_000)
const server = process.argv[3]
const ROOT = resolve(import.meta.dirname, '..')
const PORT = 34_817
const NAMES = ['حسن علي', 'Ayşe Yılmaz', 'Omar Haddad', 'فاطمة الزهراء', 'Mehmet Öz', 'ليلى خوري', '']
const WORDS = 'The newsroom brought this address into “x” from a file and declares that its owner had asked for it.'
const folder = mkdtempSync(join(tmpdir(), 'nashra-import-'))
const csv = join(folder, 'readers.csv')
const databases = ['ours', 'theirs'].map((name) =>
  server ? server.replace(/\/[^/]*$/, `/nashra_bench_${name}`) : join(folder, `${name}.db`),
)
let plain = 0 // seconds of ours
try {
  await write()
  if (server) for (const url of databases) psql(server, `create database ${url.split('/').at(-1)}`)
  await ours(databases[0]!)
  await theirs(databases[1]!)
} finally {
  if (server) for (const url of databases) psql(server, `drop database if exists ${url.split('/').at(-1)} with (force)`)
  rmSync(folder, { recursive: true, force: true })
}

async function write(): Promise<void> {
  const file = createWriteStream(csv)
  file.write('email,name,language\n')
  for (let start = 0; start < COUNT; start += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, COUNT - start) }, (_, n) => reader(start + n)).join('')
    if (!file.write(rows)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
}

function reader(n: number): string {
  const local = ['ali', 'reader', 'ayse', 'k.omar'][n % 4]
  const domain = ['gmail.com', 'hotmail.com', 'example.org', 'mail.example.net', 'yandex.com.tr'][n % 5]
  const name = NAMES[n % 7]
  return `${local}${(n * 7919) % COUNT}@${domain},${name}${name && ` ${n % 1000}`},${['ar', 'tr', 'en', ''][n % 4]}\n`
}

async function ours(database: string): Promise<void> {
  const env = {
    ...process.env,
    NASHRA_DATA: folder,
    NASHRA_DATABASE: database,
    NASHRA_PORT: String(PORT),
    NASHRA_LOG: 'error',
  }
  const nashra = (...words: string[]) =>
    spawn(process.execPath, ['bin/nashra.js', ...words], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(nashra('list', 'add', 'daily', '--title', 'x', '--language', 'ar'), 'exit')
  const serving = nashra('serve')
  try {
    await untilUp()
    const idle = await visit(setTimeout(10_000))
    const began = performance.now()
    const importing = nashra('subscribers', 'import', csv, '--list', 'daily', '--json')
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, memory(importing.pid!))
    }, 100)
    let answer = ''
    importing.stdout.on('data', (text) => {
      answer += text
    })
    const busy = await visit(once(importing, 'close'))
    clearInterval(watch)
    plain = (performance.now() - began) / 1000
    const { added } = JSON.parse(answer)
    console.log(
      `nashra      ${added} readers in ${plain.toFixed(1)} s, ${Math.round(added / plain)}/s, at most ${Math.round(peak)} MB`,
    )
    console.log(
      `pages       p99 ${at(idle, 0.99)} ms before, ${at(busy, 0.99)} ms meanwhile (median ${at(busy, 0.5)}, most ${at(busy, 1)}, ${busy.length} visits)`,
    )
    const again = performance.now()
    await once(nashra('subscribers', 'import', csv, '--list', 'daily', '--json'), 'exit')
    console.log(`again       ${((performance.now() - again) / 1000).toFixed(1)} s, and nothing changes`)
  } finally {
    serving.kill('SIGTERM')
    await once(serving, 'exit')
  }
}

async function theirs(database: string): Promise<void> {
  const open = openDatabase(database)
  await migrate(open)
  const list = { slug: 'daily', title: 'x', language: 'ar', sender: null, reply_to: null, visibility: 'public' }
  await open.db
    .insertInto('list')
    .values({ ...list, created_at: 0 as never })
    .execute()
  await open.close()
  const script = join(folder, 'reference.sql')
  writeFileSync(script, server ? postgresScript() : sqliteScript())
  const began = performance.now()
  if (server) execFileSync('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', script, database])
  else execFileSync('sqlite3', ['-bail', database, `.read ${script}`])
  const took = (performance.now() - began) / 1000
  console.log(
    `${server ? 'psql   ' : 'sqlite3'}     the same tables in ${took.toFixed(1)} s, ${Math.round(COUNT / took)}/s; ratio ${(took / plain).toFixed(2)}`,
  )
}

/** Both end with the same three statements; the hash of SQLite's shell is another one of the same length. */
function filling(id: string, hash: string): string {
  return `
    begin;
    insert into subscriber (public_id, address, address_hash, name, created_at)
      select ${id}, email, ${hash}, nullif(name, ''), 1 from incoming where true on conflict do nothing;
    insert into subscription (list_id, subscriber_id, state, sections, format, language, feed_epoch, created_at, confirmed_at)
      select 1, s.id, 'active', '', 'html', coalesce(nullif(i.language, ''), 'ar'), 0, 1, 1
      from incoming i join subscriber s on s.address = i.email where true on conflict do nothing;
    insert into consent (subscription_id, address_hash, list_id, kind, at, form, wording, wording_version, actor)
      select u.id, s.address_hash, 1, 'imported', 1, 'import 1', '${WORDS}', 'abc', 'cli'
      from subscription u join subscriber s on s.id = u.subscriber_id where u.list_id = 1;
    commit;`
}

function sqliteScript(): string {
  const load = `create temp table incoming (email text, name text, language text);\n.mode csv\n.import --skip 1 ${csv} incoming\n`
  return load + filling('lower(hex(randomblob(6)))', 'lower(hex(sha3(lower(email), 256)))')
}

function postgresScript(): string {
  const load = `create temp table incoming (email text, name text, language text);\n\\copy incoming from '${csv}' csv header\nanalyze incoming;\n`
  return load + filling('substr(md5(random()::text), 1, 11)', "encode(sha256(convert_to(lower(email), 'UTF8')), 'hex')")
}

async function untilUp(): Promise<void> {
  for (let n = 0; n < 200; n++) {
    const up = await fetch(`http://127.0.0.1:${PORT}/readyz`).then(({ ok }) => ok).catch(() => false) // biome-ignore format: one line
    if (up) return
    await setTimeout(100)
  }
  throw new Error('serve did not start')
}

/** How long each visit took, in ms, until something has ended; twenty a second. */
async function visit(end: Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  let going = true
  void end.then(() => {
    going = false
  })
  while (going) {
    const from = performance.now()
    await (await fetch(`http://127.0.0.1:${PORT}/`)).arrayBuffer()
    times.push(performance.now() - from)
    await setTimeout(50)
  }
  return times
}

function at(times: number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1)
}

/** The most memory that a process has had so far, in MB. */
function memory(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0 // it has ended
  }
}

function psql(url: string, statement: string): void {
  execFileSync('psql', ['-q', '-c', statement, url])
}

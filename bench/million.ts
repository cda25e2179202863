/*
 * One edition for a million readers, through the commands: how long composing takes, what it and sending need of memory, and
 * how fast the web server answers while it sends.
 *
 *   node bench/million.ts [--readers 1000000] [--seconds 30]
 *
 * SQLite on disk (TMPDIR), letters into Debian's smtp-sink, everything on 127.0.0.1. The readers are written by SQL.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { readConfig } from '../src/config.ts'
import { openApp } from '../src/open.ts'

const { values: asked } = parseArgs({
  options: { readers: { type: 'string', default: '1000000' }, seconds: { type: 'string', default: '30' } },
})
const readers = Number(asked.readers)
const seconds = Number(asked.seconds)
const folder = mkdtempSync(join(tmpdir(), 'nashra-million-'))
const [web, sink] = [await freePort(), await freePort()]
const env = {
  ...{ PATH: process.env['PATH']!, NASHRA_DATA: folder, NASHRA_FROM: 'Paper <paper@news.example>' },
  ...{ NASHRA_PORT: String(web), NASHRA_LOG: 'error', NASHRA_SMTP: `smtp://127.0.0.1:${sink}` },
}

try {
  await paper()
  const composing = nashra('digest', 'compose', 'morning')
  const composed = await composing.ended
  console.log(`composing for ${readers} readers: ${composed.seconds.toFixed(1)} s, peak ${composed.peak} MB`)
  console.log(composed.said.trim().split('\n').at(-1))
  const smtp = spawn('smtp-sink', ['-u', 'nobody', `127.0.0.1:${sink}`, '1000'], { stdio: 'ignore' })
  await answering(sink)
  const serving = nashra('serve')
  await answering(web)
  const before = await submitted()
  const times = await visits()
  const rate = ((await submitted()) - before) / seconds
  serving.child.kill('SIGTERM')
  const { peak } = await serving.ended
  console.log(
    `serving while ${Math.round(rate)} letters a second go out: ${times.length} answers, ${quantiles(times)}; peak ${peak} MB`,
  )
  const sending = nashra('send', '--until-empty')
  setTimeout(() => sending.child.kill('SIGTERM'), seconds * 1000)
  const sent = await sending.ended
  console.log(
    `sending for ${sent.seconds.toFixed(0)} s: ${JSON.parse(sent.said.trim().split('\n').at(-1)!).submitted} letters, peak ${sent.peak} MB`,
  )
  smtp.kill('SIGKILL')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** A paper with some stories, a digest, and its readers. */
async function paper(): Promise<void> {
  const stories = Array.from({ length: 25 }, (_, n) => ({
    ...{
      guid: `story-${n}`,
      url: `https://news.example/${n}`,
      title: `عنوان من عناوين الصباح رقم ${n}`,
      language: 'ar',
    },
    ...{ body_html: `<p>${'خبر من الأخبار في كلمات كثيرة. '.repeat(40)}</p>` },
    published_at: new Date(Date.now() - 3_600_000).toISOString(),
  }))
  const file = join(folder, 'stories.jsonl')
  writeFileSync(file, stories.map((story) => JSON.stringify(story)).join('\n'))
  for (const args of [
    ['article', 'import', file],
    ['list', 'add', 'morning', '--title', 'أخبار الصباح', '--language', 'ar'],
    ['digest', 'add', 'morning', '--channel', 'all', '--list', 'morning', '--at', '08:00', '--zone', 'Europe/Istanbul'],
  ])
    if ((await nashra(...args).ended).code !== 0) throw new Error(`${args.join(' ')} failed`)
  const app = await openApp(readConfig(env))
  const at = Date.now()
  await sql`with recursive number (n) as (select 1 union all select n + 1 from number where n < ${readers})
    insert into subscriber (public_id, address, address_hash, created_at)
    select printf('r%07x', n), printf('reader-%d@example.org', n), printf('%064x', n), ${at} from number`.execute(
    app.db,
  )
  await sql`insert into subscription (list_id, subscriber_id, created_at, state, sections, format, language, feed_epoch)
    select list.id, subscriber.id, ${at}, 'active', '', 'html', 'ar', 0 from list, subscriber`.execute(app.db)
  await app.database.close()
}

type Ended = { code: number | null; said: string; seconds: number; peak: number }

/** A command of ours as a process of its own; `peak` is its greatest memory in megabytes. */
function nashra(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const from = performance.now()
  const child = spawn(process.execPath, ['bin/nashra.js', ...args, ...(args[0] === 'serve' ? [] : ['--json'])], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let peak = 0
  child.stdout.on('data', (chunk) => {
    said = (said + chunk).slice(-10_000)
  })
  const look = setInterval(() => {
    try {
      peak = Math.max(peak, Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0))
    } catch {} // it has just ended
  }, 100)
  const ended = once(child, 'close').then(([code]) => {
    clearInterval(look)
    return { code, said, seconds: (performance.now() - from) / 1000, peak: Math.round(peak / 1024) }
  })
  return { child, ended }
}

async function submitted(): Promise<number> {
  const app = await openApp(readConfig(env))
  const row = await app.read.selectFrom('tally').select('n').where('state', '=', 'submitted').executeTakeFirst()
  await app.database.close()
  return row?.n ?? 0
}

/** Milliseconds of one visit after another: the front page, a feed, the list of feeds. */
async function visits(): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  for (let n = 0; performance.now() < end; n++) {
    const from = performance.now()
    const answer = await fetch(`http://127.0.0.1:${web}${['/', '/feeds/all.rss', '/feeds'][n % 3]}`)
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`)
    times.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return times
}

function quantiles(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  return [0.5, 0.99, 1]
    .map((q) => `p${q * 100} ${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!.toFixed(1)} ms`)
    .join(', ')
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      }).once('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nobody answers on ${port}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

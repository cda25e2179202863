/*
 * Letters per second into smtp-sink, against smtp-source with the same bytes and connections in the same run:
 *
 *   node bench/send.ts [--letters 20000] [--connections 10] [--kilobytes 40,68] [--rounds 5] [--database postgres://…] [--quick]
 *
 * Each round sends the same letters unsigned, with RSA-2048, and by smtp-source, one after another; what is printed are
 * medians. Each run of ours is a process of its own over a database on disk: what it prints of memory is that process's
 * peak. --quick is 3,000 letters, once. Needs smtp-sink and smtp-source (Debian: postfix). Everything stays on 127.0.0.1.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { sql } from 'kysely'
import type { Instant } from '../db/instant.ts'
import { email } from '../src/address.ts'
import { readConfig } from '../src/config.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as dkim from '../src/dkim/index.ts'
import * as letters from '../src/letters/index.ts'
import { openApp } from '../src/open.ts'
import { beThrifty } from '../src/thrift.ts'
import { edition, type Mailing, mailing } from '../test/mailing.ts'

const { values: asked } = parseArgs({
  options: {
    letters: { type: 'string' },
    connections: { type: 'string', default: '10' },
    kilobytes: { type: 'string', default: '40,68' },
    rounds: { type: 'string' },
    database: { type: 'string' },
    quick: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
  },
})
const n = Number(asked.letters ?? (asked.quick ? 3000 : 20_000))
const rounds = Number(asked.rounds ?? (asked.quick ? 1 : 5))

const FEW = 100 // letters before anything is measured
/** What one run of ours says of itself. `cpu` is milliseconds a letter, `peak` megabytes. */
type Run = { submitted: number; seconds: number; cpu: number; peak: number; synchronous: number | null }

if (asked.child) await child()
else for (const size of asked.kilobytes.split(',')) await compare(Number(size))

/** Sends what is due, and says how that went. */
async function child(): Promise<void> {
  beThrifty() // as `nashra send` does
  const app = await openApp(readConfig())
  const { rows } =
    app.database.kind === 'sqlite'
      ? await sql<{ synchronous: number }>`pragma synchronous`.execute(app.db)
      : { rows: [] }
  const from = performance.now()
  const cpu = process.cpuUsage()
  const { submitted } = await deliveries.sendUntilEmpty(app, { wait: 0 })
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await app.database.close()
  const peak = Math.round(Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024)
  const run: Run = {
    submitted,
    seconds,
    cpu: (user + system) / 1000 / submitted,
    peak,
    synchronous: rows[0]?.synchronous ?? null,
  }
  process.stdout.write(JSON.stringify(run))
}

async function compare(kilobytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
  if (statfsSync(folder).type === 0x01021994) console.log(`${folder} lies in memory: set TMPDIR to a folder on a disk`)
  const rates: Record<string, number[]> = { unsigned: [], signed: [], source: [] }
  const runs: Record<string, Run> = {}
  try {
    const { list, few, file } = await prepare(folder, kilobytes)
    await ours(folder, few, kilobytes, true, 0) // what Node makes of our files is kept from now on
    for (let round = 0; round < rounds; round++) {
      for (const way of ['unsigned', 'signed'] as const) {
        const run = await ours(folder, list, kilobytes, way === 'signed', round)
        rates[way]!.push(n / run.seconds)
        if (run.peak > (runs[way]?.peak ?? 0)) runs[way] = run
      }
      rates['source']!.push(n / (await reference(file)))
    }
    const reference_ = median(rates['source']!)
    const { synchronous } = runs['unsigned']!
    console.log(
      `${n} letters of ${(readFileSync(file).length / 1024).toFixed(1)} KB, ${asked.connections} connections, ${asked.database ? 'PostgreSQL' : `SQLite, synchronous=${synchronous}`}, median of ${rounds}`,
    )
    console.log(`smtp-source  ${Math.round(reference_)} letters/s`)
    for (const way of ['unsigned', 'signed']) {
      const { cpu, peak } = runs[way]!
      console.log(
        `${way.padEnd(12)} ${Math.round(median(rates[way]!))} letters/s, ratio ${(median(rates[way]!) / reference_).toFixed(2)} (peak ${peak} MB, CPU ${cpu.toFixed(2)} ms a letter)`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function environment(folder: string, port: number): Record<string, string> {
  return {
    ...{ NASHRA_DATA: folder, NASHRA_FROM: 'Paper <paper@news.example>', NASHRA_URL: 'https://news.example' },
    ...{ NASHRA_LOG: 'error', NASHRA_SMTP: `smtp://127.0.0.1:${port}?connections=${asked.connections}` },
    ...(asked.database && { NASHRA_DATABASE: asked.database }),
  }
}

/** Readers, and one letter as a file for smtp-source. */
async function prepare(folder: string, kilobytes: number): Promise<{ list: Mailing; few: Mailing; file: string }> {
  const app = await openApp(readConfig(environment(folder, 9)))
  const list = await mailing(app, n, `bench-${Date.now()}`)
  const few = await mailing(app, FEW, `few-${Date.now()}`)
  await app.database.close()
  const token = '-'.repeat(30)
  const fixed = letters.fix(rendered(kilobytes), {
    ...{
      from: { name: 'Paper', address: email('paper@news.example') },
      oneClick: true,
      publicUrl: 'https://news.example',
    },
    ...{
      listId: { id: 'bench.news.example', title: 'أخبار الصباح' },
      feedbackId: 'x:bench:bench:nashra',
      boundary: 'nashra-000000000000000000000000',
    },
  })
  const letter = letters.splice(fixed, {
    ...{
      to: email('bench-00000@example.org'),
      messageId: 'exxxxxxxx.xxxxxxxx@news.example',
      date: Date.now() as Instant,
    },
    tokens: { unsubscribe: token, preferences: token },
  })
  const file = join(folder, 'letter.eml')
  writeFileSync(file, letter.toString('latin1').replace(/\r\n/g, '\n'))
  return { list, few, file }
}

/** A letter in two parts, with a way out at both ends of the HTML as ours have it. */
function rendered(kilobytes: number): letters.Rendered {
  const link = 'https://news.example/unsubscribe/\u0001unsubscribe\u0002'
  const line = 'عنوان من عناوين الصباح وخلاصة خبره في خمس عشرة كلمة لا تزيد كثيرا عن ذلك'
  const lines = Math.round(((kilobytes * 1024 - 2300) * (3 / 4) * (76 / 78)) / (Buffer.byteLength(line) * 2 + 60))
  return {
    subject: 'عناوين الصباح',
    text: `${`${line}\n`.repeat(lines)}\n${link}\n`,
    html: `<!doctype html><html lang="ar" dir="rtl"><body><a href="${link}">x</a>${`<p style="margin:0 0 8px;color:#222222;line-height:1.6">${line}</p>\n`.repeat(lines)}<a href="${link}">x</a></body></html>`,
  }
}

async function ours(folder: string, list: Mailing, kilobytes: number, signed: boolean, round: number): Promise<Run> {
  const sink = await startSink()
  try {
    const env = environment(folder, sink.port)
    const app = await openApp(readConfig(env))
    await app.db.deleteFrom('dkim_key').execute()
    if (signed) await dkim.add(app, 'bench', { domain: 'news.example' })
    const day = Temporal.PlainDate.from('2026-01-01')
      .add({ days: round * 2 + Number(signed) })
      .toString()
    const { id, public_id } = await edition(app, list, { day, to: round * 2 + Number(signed) + 1 })
    const { html, text } = rendered(kilobytes)
    await app.db.updateTable('part').set({ html, text }).where('edition_id', '=', id).execute()
    await app.database.close()
    const run = await sent(env)
    const again = await openApp(readConfig(env))
    const { addsUp, submitted } = await deliveries.verify(again.db, public_id)
    await again.database.close()
    const counted = await sink.close()
    const wanted = list.readers.length
    if (!addsUp || submitted !== wanted || run.submitted !== wanted || counted !== wanted)
      throw new Error(`${run.submitted} letters were submitted and ${counted} arrived, of ${wanted}`)
    if (run.synchronous !== null && run.synchronous !== 2) throw new Error('the database does not wait for the disk')
    return run
  } finally {
    sink.child.kill('SIGKILL')
  }
}

/** A process of its own, started as `nashra send` is. */
async function sent(env: Record<string, string>): Promise<Run> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...process.execArgv, 'bin/node26.js', '--lean', import.meta.filename, '--child'],
    { env, cwd: join(import.meta.dirname, '..') },
  )
  process.stderr.write(stderr)
  return JSON.parse(stdout) as Run
}

/** Seconds that smtp-source takes. */
async function reference(file: string): Promise<number> {
  const sink = await startSink()
  try {
    const from = performance.now()
    await promisify(execFile)('smtp-source', [
      ...['-s', asked.connections, '-m', String(n), '-F', file],
      ...['-f', 'paper@news.example', '-t', 'reader@example.org', `127.0.0.1:${sink.port}`],
    ])
    const seconds = (performance.now() - from) / 1000
    const counted = await sink.close()
    if (counted !== n) throw new Error(`${counted} of smtp-source's ${n} letters arrived`)
    return seconds
  } finally {
    sink.child.kill('SIGKILL')
  }
}

type Sink = { port: number; child: ChildProcess; close(): Promise<number> }

/** A sink that counts; `close` answers how many letters it took. */
async function startSink(): Promise<Sink> {
  const port = await freePort()
  const child = spawn('smtp-sink', ['-c', '-u', 'nobody', `127.0.0.1:${port}`, '1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-400)
  })
  for (let tries = 0; tries < 50 && !(await answers(port)); tries++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  return {
    ...{ port, child },
    async close() {
      await new Promise((resolve) => setTimeout(resolve, 200))
      child.kill('SIGKILL')
      return Number([...said.matchAll(/mesg=(\d+)/g)].at(-1)?.[1] ?? 0)
    },
  }
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}

function answers(onPort: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(onPort, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

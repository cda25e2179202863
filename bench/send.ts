/*
 * Letters per second into smtp-sink, against smtp-source at the same wire size and connections in the same run:
 *
 *   node bench/send.ts [letters=3000] [connections=10] [kilobytes=68] [postgres://…]
 *
 * Needs smtp-sink and smtp-source (Debian: postfix). Everything stays on 127.0.0.1.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { openApp } from '../src/open.ts'
import { edition, mailing } from '../test/mailing.ts'

const [letters = 3000, connections = 10, kilobytes = 68] = process.argv.slice(2, 5).map(Number)
const database = process.argv[5]
const BASE64 = (4 / 3) * (78 / 76) // how much longer it makes a text, its line ends included
const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const port = await freePort()
const sink = await startSink(port)
try {
  const ours = await nashra()
  const reference = smtpSource(ours.bytes)
  console.log(
    `letters ${letters}, connections ${connections}, ${(ours.bytes / 1024).toFixed(1)} KB each on the wire, ${database ? 'PostgreSQL' : 'SQLite'}`,
  )
  console.log(`smtp-source  ${Math.round(reference)} letters/s`)
  console.log(
    `nashra       ${Math.round(ours.rate)} letters/s (RSS ${ours.rss} MB, CPU ${ours.cpu.toFixed(2)} ms a letter)`,
  )
  console.log(`ratio        ${(ours.rate / reference).toFixed(2)}`)
} finally {
  sink.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

function smtpSource(bytes: number): number {
  const from = performance.now()
  execFileSync('smtp-source', [
    '-s',
    String(connections),
    '-m',
    String(letters),
    '-l',
    String(bytes),
    '-f',
    'paper@news.example',
    '-t',
    'reader@example.org',
    `127.0.0.1:${port}`,
  ])
  return letters / ((performance.now() - from) / 1000)
}

async function nashra(): Promise<{ rate: number; bytes: number; rss: number; cpu: number }> {
  const app = await openApp(
    readConfig({
      ...{
        NASHRA_DATA: folder,
        NASHRA_FROM: 'Paper <paper@news.example>',
        NASHRA_URL: 'https://news.example',
        NASHRA_LOG: 'error',
      },
      ...{
        NASHRA_SMTP: `smtp://127.0.0.1:${port}?connections=${connections}`,
        ...(database && { NASHRA_DATABASE: database }),
      },
    }),
  )
  const list = await mailing(app, letters, `bench-${Date.now()}`)
  const { id, public_id } = await edition(app, list)
  const line = '<p>عنوان من عناوين الصباح</p>\n'
  const lines = Math.floor((kilobytes * 1024) / (Buffer.byteLength(line) * BASE64))
  const html = `<!doctype html><html lang="ar" dir="rtl"><body>${line.repeat(lines)}<a href="https://news.example/unsubscribe/\u0001unsubscribe\u0002">x</a></body></html>`
  await app.db.updateTable('part').set({ html }).where('edition_id', '=', id).execute()
  const from = performance.now()
  const cpu = process.cpuUsage()
  const { submitted } = await deliveries.sendUntilEmpty(app, { wait: 0 })
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const { addsUp } = await deliveries.verify(app.db, public_id)
  if (submitted !== letters || !addsUp) throw new Error(`${submitted} of ${letters} letters were submitted`)
  await app.database.close()
  return {
    rate: letters / seconds,
    bytes: Math.round(Buffer.byteLength(html) * BASE64) + 1500,
    rss: Math.round(process.memoryUsage().rss / 2 ** 20),
    cpu: (user + system) / 1000 / letters,
  }
}

async function startSink(onPort: number): Promise<ChildProcess> {
  const child = spawn('smtp-sink', ['-u', 'nobody', `127.0.0.1:${onPort}`, '1000'], { stdio: 'inherit' })
  for (let tries = 0; tries < 50; tries++) {
    if (await answers(onPort)) return child
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  child.kill('SIGKILL')
  throw new Error('smtp-sink does not answer')
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

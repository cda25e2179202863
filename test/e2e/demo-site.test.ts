import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { feedOf } from '../feed-of.ts'
import { openPartner } from '../partner.ts'
import { openWordpress } from '../wordpress-site.ts'

const PROGRAM = resolve(import.meta.dirname, '../../bin/nashra.js')

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nashra-demo-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the demo of a site shows its own headlines as paper, feed and letter', async () => {
  await using partner = await openPartner((request, response) => {
    if (request.url === '/')
      return void response.end('<!doctype html><link rel=alternate type=application/rss+xml href=/feed>')
    response.writeHead(request.url === '/feed' ? 200 : 404)
    response.end(
      feedOf([{ guid: 'a', title: 'عاصفة تغلق الميناء', at: new Date(Date.now() - 3_600_000).toISOString() }]),
    )
  })
  await using demo = await openDemo(partner.url, partner.place)
  expect(await demo.text('/')).toContain('عاصفة تغلق الميناء')
  expect(await demo.text('/feeds/all.rss')).toContain('عاصفة تغلق الميناء')
  expect(demo.told).toMatchObject({ letters: 1, editions: [expect.stringContaining('/editions/morning/')] })
  expect(await demo.text(new URL(demo.told.editions[0]!).pathname)).toContain('عاصفة تغلق الميناء')
})

test('the demo of a WordPress site shows its newest posts under its name, and leaves its archive alone', async () => {
  await using site = await openWordpress(() => Date.now())
  for (let n = 1; n <= 60; n++) site.add({ title: `خبر رقم ${n} من المدينة`, at: Date.now() - (61 - n) * 3_600_000 })
  await using demo = await openDemo(site.home, site.place)
  const home = await demo.text('/')
  expect(home).toContain('صحيفة الميناء &amp; المدينة')
  expect(home).toContain('خبر رقم 60 من المدينة')
  expect(await demo.text('/feeds/all.rss')).not.toContain('خبر رقم 10 من المدينة')
})

test('the demo of a site that cannot be had says so in a sentence', async () => {
  const { code, err } = await outcome('http://127.0.0.1:1/')
  expect(code).toBe(1)
  expect(err).toMatch(/^nashra: Nothing could be fetched from 127\.0\.0\.1:1: .*\.\n$/)
})

type Told = { home: string; letters: number; editions: string[] }

async function openDemo(site: string, allow: string) {
  const port = await freePort()
  const child = begin(site, { NASHRA_PORT: String(port), NASHRA_FETCH_ALLOW: allow })
  let out = ''
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (out.includes('\n')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${err}`)))
  })
  child.removeAllListeners('exit')
  return {
    told: JSON.parse(out) as Told,
    text: async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text(),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function outcome(site: string): Promise<{ code: number; err: string }> {
  const child = begin(site, { NASHRA_PORT: String(await freePort()) })
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  const [code] = await once(child, 'exit')
  return { code, err }
}

function begin(site: string, env: Record<string, string>) {
  return spawn(process.execPath, [PROGRAM, 'demo', site, '--json'], {
    cwd: folder,
    env: { PATH: process.env['PATH']!, LANG: 'en', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

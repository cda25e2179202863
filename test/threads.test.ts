import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'nashra-threads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const READ_ONE = `
  const feed = '<rss version="2.0"><channel><title>t</title><item><title>a</title></item></channel></rss>'
  const origin = { url: 'https://x.example/feed', language: 'en', zone: 'UTC', dateOrder: 'auto', now: 0 }
  const { items } = await reading.read(Buffer.from(feed), origin)
  if (items.length !== 1) throw new Error('it was not read')`

/** A process that keeps what Node made of our files in a new folder, with or without a feed read in a thread: how much is there. */
function kept(name: string, then = ''): number {
  const program = `const reading = await import('./src/reading/index.ts')\n${then}\nawait reading.close()`
  const env = { NODE_COMPILE_CACHE: join(folder, name) }
  execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT, env })
  return readdirSync(join(folder, name), { recursive: true }).length
}

test('a thread that reads feeds keeps what Node made of its files, and so does not make it anew each time', () => {
  expect(kept('with', READ_ONE)).toBeGreaterThan(kept('without') + 50) // files that only the thread has
}, 60_000)

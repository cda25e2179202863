import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import * as articles from '../src/articles/index.ts'
import * as wxr from '../src/wordpress/wxr.ts'
import type { World } from './world.ts'

export const NOW = '2025-12-05T12:00:00Z'

export function stream(text: string | Buffer): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text as string)
  return Readable.from(Array.from({ length: Math.ceil(bytes.length / 60_001) }, (_, n) => bytes.subarray(n * 60_001, (n + 1) * 60_001))) // biome-ignore format: one line
}

export async function load(
  world: World,
  text: string | Buffer,
  options: { dryRun?: boolean } = {},
): Promise<wxr.Imported> {
  return wxr.importPosts(world, 'cli', stream(text), await wxr.survey([stream(text)]), options)
}

export async function all(world: World): Promise<articles.Story[]> {
  const rows = await world.db.selectFrom('article').select('id').orderBy('id').execute()
  return articles.byIds(
    world.db,
    rows.map(({ id }) => id),
  )
}

export function command(world: World, words: string[], nodeOptions = '') {
  const { data, database } = world.config
  const child = spawn(process.execPath, ['bin/nashra.js', ...words, '--json'], {
    env: { PATH: process.env['PATH'], NASHRA_DATA: data, NASHRA_DATABASE: database, NODE_OPTIONS: nodeOptions },
  })
  child.stdin.on('error', () => {}) // it was told to stop
  const ended = Promise.all([once(child, 'close'), textOf(child.stdout), textOf(child.stderr)]).then(
    ([[code], out, said]) => ({
      code: code as number | null,
      answer: (out ? JSON.parse(out) : {}) as Partial<wxr.Imported>,
      said,
    }),
  )
  return { ended, stdin: child.stdin, kill: (signal: NodeJS.Signals) => child.kill(signal) }
}

/** Milliseconds that this process has worked: the machine has other things to do too. */
export function cpu(): number {
  return process.cpuUsage().user / 1000
}

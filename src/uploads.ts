import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from './app.ts'
import type { Config } from './config.ts'

const OLD = 3_600_000 // ms: no form takes that long to arrive and be answered

/** Where files lie that came with a form, until it is answered; only their owner may look into it. */
export function roomOf({ data }: Pick<Config, 'data'>): string {
  return join(data, 'uploads')
}

/** Takes away what a crash has left there. */
export async function sweep({ config }: Pick<App, 'config'>): Promise<void> {
  const room = roomOf(config)
  for (const name of await readdir(room).catch(() => [])) {
    const path = join(room, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() })) // it was answered just now
    if (mtimeMs < Date.now() - OLD) await rm(path, { recursive: true, force: true })
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Config } from '../src/config.ts'

/** `answer` is what it printed as JSON. */
export type Ended = { code: number | null; answer: Record<string, unknown>; errors: string }
export type Running = { process: ChildProcess; ended: Promise<Ended> }

/** A command of ours as a process of its own, over the database of this configuration. */
export function startProgram(
  { config }: { config: Pick<Config, 'data' | 'database'> },
  args: string[],
  environment: Record<string, string> = {},
): Running {
  const env = {
    ...{ PATH: process.env['PATH'], NASHRA_DATA: config.data, NASHRA_DATABASE: config.database },
    ...{ NASHRA_FROM: 'نشرة <paper@news.example>', NASHRA_URL: 'https://news.example', NASHRA_LOG: 'error' },
    ...environment,
  }
  const child = spawn(process.execPath, ['src/main.ts', ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const ended = once(child, 'close').then(
    ([code]): Ended => ({ code, answer: JSON.parse(output.trim().split('\n').at(-1) || '{}'), errors }),
  )
  return { process: child, ended }
}

/** `nashra send --until-empty` through this relay. */
export function startSending(
  world: { config: Pick<Config, 'data' | 'database'> },
  relay: string,
  environment: Record<string, string> = {},
  wait = '0s',
): Running {
  return startProgram(world, ['send', '--until-empty', '--wait', wait], { NASHRA_SMTP: relay, ...environment })
}

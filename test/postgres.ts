import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of a real PostgreSQL for the tests, '' where the machine has none. */
    postgres: string
  }
}

/** Starts a PostgreSQL of our own for the time of the tests, where its programs are installed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const programs = installed()
  if (!programs) {
    console.log(
      'No PostgreSQL on this machine (Debian: apt-get install postgresql): its tests run on PGlite, those that need several connections are skipped.',
    )
    project.provide('postgres', '')
    return async () => {}
  }
  const server = await start(programs)
  project.provide('postgres', server.url)
  return server.stop
}

function installed(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb')))
}

/** A throw-away cluster on a free port of 127.0.0.1; it never runs as root, PostgreSQL refuses that. */
export async function start(programs: string): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-postgres-'))
  const user = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!)
  const data = join(folder, 'data')
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'nashra', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N'],
    { ...user, stdio: 'ignore' },
  )
  const port = await freePort()
  const child = spawn(
    join(programs, 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-k',
      folder,
      '-c',
      'fsync=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'max_connections=200',
    ],
    { ...user, stdio: 'ignore' },
  )
  const url = `postgres://nashra@127.0.0.1:${port}/postgres`
  await answering(url)
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function id(flag: string): number {
  return Number(execFileSync('id', [flag, 'postgres']).toString())
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const client = new pg.Client(url)
    try {
      await client.connect()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error('PostgreSQL did not start within 10 s')
}

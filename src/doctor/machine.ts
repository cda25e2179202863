import { randomUUID } from 'node:crypto'
import { open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { factsOf } from '../../db/sqlite-files.ts'
import type { App } from '../app.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'

const GB = 1024 ** 3
const SLOW = 30 // ms for one fsync: about 30 letters a second per connection at most
const WRITES = 50
const DAY = 86_400_000

/** Node, folders and files, the disk, the database, the backups: what this machine itself can tell. */
export async function* machine(app: App): AsyncGenerator<Finding> {
  yield node()
  yield* await permissions(app)
  yield await space(app)
  yield await speed(app)
  yield await database(app)
  yield await saved(app)
}

function node(): Finding {
  const { node } = process.versions
  if (Number.parseInt(node, 10) >= 26) return ok('node', `Node ${node}`)
  return fail('node', `Node ${node} is too old.`, 'Run Nashra with Node 26, which npm ci brings along.')
}

/** Only the owner may read what is here. */
async function permissions({ config }: App): Promise<Finding[]> {
  const places = [
    { check: 'data folder', path: config.data, mode: 0o700 },
    { check: 'key ring', path: config.secretFile, mode: 0o600 },
  ]
  return Promise.all(
    places.map(async ({ check, path, mode }) => {
      const found = await stat(path).catch(() => undefined)
      if (!found) return ok(check, `${path} is not on this machine`)
      if ((found.mode & 0o077) === 0) return ok(check, `${path} is its owner's alone`)
      return fail(check, `Others on this machine may read ${path}.`, `chmod ${mode.toString(8)} ${path}`)
    }),
  )
}

async function space({ config }: App): Promise<Finding> {
  const found = await statfs(config.data).catch(() => undefined)
  if (!found) return ok('free space', 'no folder of ours on this machine')
  const free = (found.bavail * found.bsize) / GB
  const says = `${free.toFixed(1)} GB free in ${config.data}`
  if (free >= 2) return ok('free space', says)
  const todo = 'Make room, or move NASHRA_DATA to a larger disk; backups need as much as the database and images.'
  return free < 0.1 ? fail('free space', says, todo) : warn('free space', says, todo)
}

/** How long a letter's mark takes to be on the disk. */
async function speed({ config }: App): Promise<Finding> {
  const file = join(config.data, `.doctor-${randomUUID()}`)
  try {
    const handle = await open(file, 'wx', 0o600)
    const began = performance.now()
    try {
      for (let n = 0; n < WRITES; n++) {
        await handle.appendFile('x'.repeat(100))
        await handle.datasync()
      }
    } finally {
      await handle.close()
    }
    const each = (performance.now() - began) / WRITES
    const says = `an fsync takes ${each.toFixed(2)} ms`
    if (each < SLOW) return ok('disk speed', says)
    return warn('disk speed', says, 'Sending waits for the disk. Put NASHRA_DATA on an SSD, not on a network share.')
  } catch (error) {
    return fail(
      'disk speed',
      `${config.data} cannot be written to: ${reasonOf(error)}`,
      'Mend that first: nothing can be sent.',
    )
  } finally {
    await rm(file, { force: true })
  }
}

async function database(app: App): Promise<Finding> {
  try {
    if (app.database.kind === 'postgres') {
      const { rows } = await sql<{ v: string }>`select current_setting('server_version') as v`.execute(app.db)
      return ok('database', `PostgreSQL ${rows[0]!.v} answers`)
    }
    const { check } = await factsOf(app.config.database, true)
    if (check === 'ok') return ok('database', 'SQLite finds no damage')
    return fail(
      'database',
      `SQLite finds damage: ${check.slice(0, 200)}`,
      'Stop serve and restore the latest backup with --over.',
    )
  } catch (error) {
    return fail('database', `It cannot be looked through: ${reasonOf(error)}`, 'Check NASHRA_DATABASE and the disk.')
  }
}

/** Whether there is a backup to come back to; one that somebody makes elsewhere is not seen. */
async function saved({ config, now }: App): Promise<Finding> {
  const folder = join(config.data, 'backups')
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('nightly-'))
  const times = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0),
  )
  const age = (now().epochMilliseconds - Math.max(0, ...times)) / DAY
  if (age < 2) return ok('backups', `the latest of ${names.length} is ${Math.round(age * 24)} hours old`)
  const says = names.length === 0 ? `there is none in ${folder}` : `the latest is ${Math.floor(age)} days old`
  return warn(
    'backups',
    says,
    'serve makes one every night; nashra backup FILE makes one now. Keep copies on another machine.',
  )
}

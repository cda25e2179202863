import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { seenMigrations } from '../../db/open.ts'
import type { Db } from '../../db/schema.ts'
import { COUNTED, type Facts } from '../../db/sqlite-files.ts'
import { Problem } from '../problem.ts'

/*
 * PostgreSQL is saved by its own pg_dump: it knows every type, index and sequence of every version, and a second way of
 * writing a database would have to be right on the worst night of the year.
 */

/** Names that a schema set aside may have; they are not saved again. */
export const ASIDE = 'before_'

/** Dumps the database as of one moment, with the facts of the same moment. Writers go on. */
export async function dump(db: Db, url: string, to: string, packed: boolean): Promise<Facts> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (one) => {
      const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(one)
      const facts = { counts: await counts(one), migrations: await seenMigrations(one), check: 'ok' }
      const words = ['--format=custom', `--compress=${packed ? 0 : 1}`, '--no-owner', '--no-privileges']
      await run('pg_dump', [...words, `--exclude-schema=${ASIDE}*`, `--snapshot=${rows[0]!.id}`, `--file=${to}`], url)
      return facts
    })
}

/** Turns a dump into SQL. */
export async function script(dumpFile: string, to: string): Promise<void> {
  await run('pg_restore', ['--no-owner', '--no-privileges', `--file=${to}`, dumpFile])
}

/** Runs SQL in one transaction: all of it or nothing. */
export async function execute(url: string, file: string): Promise<void> {
  await run('psql', ['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', file], url)
}

/** Whether a program of PostgreSQL's is installed. */
export async function installed(tool: string): Promise<boolean> {
  return run(tool, ['--version']).then(
    () => true,
    () => false,
  )
}

async function counts(db: Db): Promise<Record<string, number>> {
  const found = new Set((await db.introspection.getTables()).map((table) => table.name))
  const rows = await Promise.all(
    COUNTED.filter((table) => found.has(table)).map(async (table) => {
      const count = db.selectFrom(table).select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      return [table, (await count.executeTakeFirstOrThrow()).n] as const
    }),
  )
  return Object.fromEntries(rows)
}

/** Runs a program to its end. The password of the database goes to it in a file of its own, where no list of processes shows it. */
async function run(tool: string, words: string[], url?: string): Promise<void> {
  const folder = url === undefined ? undefined : await mkdtemp(join(tmpdir(), 'nashra-'))
  try {
    const target = folder === undefined ? [] : [`--dbname=${await withoutPassword(url!, join(folder, 'pass'))}`]
    await ended(tool, [...target, ...words])
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function withoutPassword(url: string, file: string): Promise<string> {
  const bare = new URL(url)
  if (!bare.password) return url
  const escaped = decodeURIComponent(bare.password).replace(/[\\:]/g, '\\$&')
  await writeFile(file, `*:*:*:*:${escaped}\n`, { mode: 0o600 })
  bare.password = ''
  bare.searchParams.set('passfile', file)
  return bare.href
}

function ended(tool: string, words: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(0, 2000)
    })
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Problem('tool-missing', { tool }, { cause: error }) : error),
    )
    child.once('close', (code) => {
      if (code === 0) resolve()
      else if (/no space left/i.test(said))
        reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
      else reject(new Problem('tool-failed', { tool, reason: said.split('\n')[0]!.trim() || `exit ${code}` }))
    })
  })
}

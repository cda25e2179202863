import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from '../app.ts'
import { type Made, make } from './make.ts'
import { installed } from './postgres.ts'

const KEPT = { nightly: 7, before: 3 }

type Saving = Pick<App, 'config' | 'database' | 'log' | 'now'>

/** Saves everything into the folder `backups`, and keeps the last seven that were made so. */
export async function nightly(app: Saving): Promise<Made | undefined> {
  if (!(await possible(app))) return undefined
  const made = await make(app, join(folderOf(app), `nightly-${stamp(app)}.tar.gz`))
  app.log.info('a backup was made', { file: made.file, bytes: made.bytes })
  await prune(folderOf(app), 'nightly', KEPT.nightly)
  return made
}

/** Saves an existing database before it is changed: without the images, which no migration touches. */
export async function beforeMigration(app: Saving, migration: string): Promise<void> {
  if (!(await possible(app))) return
  const { file } = await make(app, join(folderOf(app), `before-${migration}-${stamp(app)}.tar.gz`), { media: false })
  app.log.info('the database was saved before it is brought up to date', { file })
  await prune(folderOf(app), 'before', KEPT.before)
}

async function possible({ database, log }: Saving): Promise<boolean> {
  if (database.kind === 'sqlite' || (await installed('pg_dump'))) return true
  log.warn('no backup is made: pg_dump is not installed here', {})
  return false
}

async function prune(folder: string, kind: keyof typeof KEPT, keep: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.tar.gz'))
  const byAge = names.sort((a, b) => (dateOf(a) < dateOf(b) ? 1 : -1))
  for (const name of byAge.slice(keep)) await rm(join(folder, name), { force: true })
}

function dateOf(name: string): string {
  return /\d{8}T\d{6}Z/.exec(name)?.[0] ?? ''
}

function stamp({ now }: Saving): string {
  return now()
    .toString({ smallestUnit: 'second' })
    .replace(/[^0-9TZ]/g, '')
}

function folderOf({ config }: Saving): string {
  return join(config.data, 'backups')
}

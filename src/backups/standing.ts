import { readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import * as retention from '../retention.ts'
import { type Made, make } from './make.ts'
import { installed } from './postgres.ts'

const HOUR = '03:37' // as jobs/back-up.ts has it
const KEPT = 3 // of those before a migration

type Saving = Pick<App, 'config' | 'database' | 'log' | 'now'>

/**
 * Saves everything into the folder `backups`, and keeps as many of those as the newsroom wants (seven). Only once after each 03:37 of the
 * server's time, however often it is asked: a night that was missed is made up, a database of today waits for its first.
 */
export async function nightly(app: Saving): Promise<Made | undefined> {
  const before = lastNight(app)
  const since = (await latest(app)) ?? stampOf(await beginning(app.database.db))
  if (since >= stampOf(before) || !(await possible(app))) return undefined
  const made = await make(app, join(folderOf(app), `nightly-${stamp(app)}.tar.gz`))
  app.log.info('a backup was made', { file: made.file, bytes: made.bytes })
  const most = (await retention.of(app, app.database.db, 'backups')) ?? retention.KEPT.backups.most
  await prune(folderOf(app), 'nightly', most)
  return made
}

/** Saves an existing database before it is changed: without the images, which no migration touches. */
export async function beforeMigration(app: Saving, migration: string): Promise<void> {
  if (!(await possible(app))) return
  try {
    await save(app, migration)
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'tool-failed')) throw error
    app.log.warn('no backup was made before the database is brought up to date', { ...error.values })
  }
}

async function save(app: Saving, migration: string): Promise<void> {
  const { file } = await make(app, join(folderOf(app), `before-${migration}-${stamp(app)}.tar.gz`), { media: false })
  app.log.info('the database was saved before it is brought up to date', { file })
  await prune(folderOf(app), 'before', KEPT)
}

async function possible({ database, log }: Saving): Promise<boolean> {
  if (database.kind === 'sqlite' || (await installed('pg_dump'))) return true
  log.warn('no backup is made: pg_dump is not installed here', {})
  return false
}

/** Takes away all but the newest of a kind. */
export async function prune(folder: string, kind: 'nightly' | 'before' | 'desk', keep: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.tar.gz'))
  const byAge = names.sort((a, b) => (dateOf(a) < dateOf(b) ? 1 : -1))
  for (const name of byAge.slice(keep)) await rm(join(folder, name), { force: true })
}

/** A backup in that folder. */
export type Kept = { name: string; bytes: number; at: Instant }

/** The backups in that folder, the newest first. */
export async function kept(app: Pick<App, 'config'>): Promise<Kept[]> {
  const names = (await readdir(folderOf(app)).catch(() => [])).filter((name) =>
    /^(nightly|before|desk)-.*\.tar\.gz$/.test(name),
  )
  const files = names.map(async (name) => {
    const { size, mtimeMs } = await stat(join(folderOf(app), name))
    return { name, bytes: size, at: Math.round(mtimeMs) as Instant }
  })
  return (await Promise.all(files)).sort((a, b) => b.at - a.at)
}

/** How many bytes are free where the backups lie; undefined where that cannot be said. */
export async function free(app: Pick<App, 'config'>): Promise<number | undefined> {
  const room = await statfs(folderOf(app)).catch(() => statfs(app.config.data).catch(() => undefined))
  return room && room.bavail * room.bsize
}

/** When the last night's backup was due. */
function lastNight({ now }: Saving): Temporal.Instant {
  const local = now().toZonedDateTimeISO(Temporal.Now.timeZoneId())
  const today = local.withPlainTime(HOUR)
  const due = Temporal.ZonedDateTime.compare(today, local) > 0 ? today.subtract({ days: 1 }) : today
  return due.toInstant()
}

async function latest(app: Saving): Promise<string | undefined> {
  const names = await readdir(folderOf(app)).catch(() => [])
  return names
    .filter((name) => name.startsWith('nightly-'))
    .map(dateOf)
    .sort()
    .at(-1)
}

/** When the database was made. */
async function beginning(db: Db): Promise<Temporal.Instant> {
  const { at } = await db
    .withTables<{ kysely_migration: { timestamp: string } }>()
    .selectFrom('kysely_migration')
    .select(({ fn }) => fn.min('timestamp').as('at'))
    .executeTakeFirstOrThrow()
  return Temporal.Instant.from(at)
}

function dateOf(name: string): string {
  return /\d{8}T\d{6}Z/.exec(name)?.[0] ?? ''
}

/** The moment as the names of backups have it. */
export function stamp({ now }: Pick<App, 'now'>): string {
  return stampOf(now())
}

/** A moment as names have it: in the order of time. */
function stampOf(moment: Temporal.Instant): string {
  return moment.toString({ smallestUnit: 'second' }).replace(/[^0-9TZ]/g, '')
}

/** Where backups lie that nobody gave another name. */
export function folderOf({ config }: Pick<App, 'config'>): string {
  return join(config.data, 'backups')
}

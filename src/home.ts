import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Selectable } from 'kysely'
import type { Instant } from '../db/instant.ts'
import type { Db, HomeTable, LeftLogTable } from '../db/schema.ts'
import type { App } from './app.ts'
import { Problem } from './problem.ts'

/** Where a database sends from, and why it may not. */
export type Home = Selectable<HomeTable>

/** Why nothing is sent: restored from a backup, a copy of the database that sends, or a paper with another address. */
export type Away = 'restored' | 'copied' | 'address'

/*
 * A copy of a database, or one that was restored, must not write to people on its own: what it has queued may have gone out
 * from the other place. The database knows in which place it last sent (which file on which machine, which database of
 * which server) and for which address; one that finds itself elsewhere asks. Several machines of one PostgreSQL are at one place.
 */

const LOCAL = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/
const LOGS = 30 * 86_400_000 // ms that a log counts after an edition was begun in it: none is sent for so long

type Standing = Pick<App, 'db' | 'config' | 'database'>

export async function show(db: Db): Promise<Home> {
  return db.selectFrom('home').selectAll().executeTakeFirstOrThrow()
}

/** Why nothing may be sent or composed from here; undefined at home, and for a paper that has never sent. */
export async function away(app: Standing): Promise<Away | undefined> {
  return why(app, await show(app.db))
}

/** Throws a Problem while nothing may be sent or composed from here, and says what to do. */
export async function refuseAway(app: Standing): Promise<void> {
  const known = await show(app.db)
  const reason = await why(app, known)
  if (reason === 'restored') throw new Problem('sending-held-restored')
  if (reason === 'copied') throw new Problem('sending-held-copied')
  if (reason === 'address') throw new Problem('sending-held-address', { before: known.url!, now: app.config.url })
}

/** Before the first letter of a sender: a Problem from one that is not at home; whoever is says so in the database. */
export async function settle(app: Standing): Promise<void> {
  await refuseAway(app)
  await moveIn(app)
}

/** A restored database asks before it sends. What stood in its place tells of all logs, if it is what the backup was made of. */
export async function hold(db: Db, by: { at: Instant; since: Instant; backup: string; before?: LastWord | undefined }) {
  const { instance } = await show(db)
  const logs = by.before?.instance === instance ? JSON.stringify(by.before.logs) : null
  await db
    .updateTable('home')
    .set({ held_for: 'restored', held_at: by.at, since_at: by.since, backup: by.backup, logs })
    .execute()
}

/** From now on this is the paper: what held it is over, and logs of before tell nothing of it. */
export async function adopt(app: Standing): Promise<void> {
  const free = { held_for: null, held_at: null, backup: null, since_at: null, logs: null }
  const fresh = { ...free, instance: randomBytes(8).toString('hex') }
  await app.db.transaction().execute(async (db) => {
    await db.updateTable('home').set(fresh).execute()
    await db.deleteFrom('left_log').execute()
  })
  await moveIn(app)
}

/** Notes, before an edition is begun, in which log that is written down. */
export async function noteLog(db: Db, id: string, now: Instant): Promise<void> {
  await db
    .insertInto('left_log')
    .values({ id, used_at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ used_at: now }))
    .execute()
}

/** The logs that editions were begun in after `since`, or not long before, and when the last one was, as far as this database knows. */
export async function logs(db: Db, since: Instant): Promise<Log[]> {
  return db
    .selectFrom('left_log')
    .select(['id', 'used_at'])
    .where('used_at', '>=', (since - LOGS) as Instant)
    .execute()
}

/**
 * What a database that a backup takes the place of can tell: who it is, and all logs that were written into since. Undefined
 * where it cannot be read, is of an older Nashra, or is itself not the one that sent.
 */
export async function lastWord(db: Db, since: Instant, identity: string): Promise<LastWord | undefined> {
  try {
    const { instance, held_for, place, logs: known } = await show(db)
    if (held_for === 'restored') return known === null ? undefined : { instance, logs: heard(known) }
    if (held_for !== null || (place !== null && place !== identity)) return undefined
    return { instance, logs: await logs(db, since) }
  } catch {
    return undefined
  }
}

/** The logs of a database that is no longer there, as the column has them. */
export function heard(logs: string | null): Log[] {
  return JSON.parse(logs ?? '[]') as Log[]
}

type Log = Selectable<LeftLogTable>
export type LastWord = { instance: string; logs: Log[] }

async function why(app: Standing, known: Home): Promise<Away | undefined> {
  if (known.held_for === 'restored') return 'restored'
  if (known.held_for) return 'copied'
  if (known.place === null) return (await isOldCopy(app, known)) ? 'copied' : undefined
  if (known.place !== (await app.database.identity())) return (await hasBegun(app.db)) ? 'copied' : undefined
  const moved = known.url !== null && known.url !== app.config.url && !isLocal(known.url)
  return moved && (await hasSent(app.db)) ? 'address' : undefined
}

/** A database that has not sent since places are written down: the file `instance` beside its key ring knew it. */
async function isOldCopy(app: Standing, { instance, url }: Home): Promise<boolean> {
  if (app.database.kind !== 'sqlite' || url === null || isLocal(url) || !(await hasSent(app.db))) return false
  const text = await readFile(join(dirname(app.config.secretFile), 'instance'), 'utf8').catch(() => '')
  return !text.split('\n').some((line) => line.startsWith(`${instance} `))
}

async function moveIn(app: Standing): Promise<void> {
  const { url } = app.config
  const place = await app.database.identity()
  await app.db
    .updateTable('home')
    .set({ url, place })
    .where(({ eb, or }) =>
      or([eb('url', 'is', null), eb('url', '!=', url), eb('place', 'is', null), eb('place', '!=', place)]),
    )
    .execute()
}

/** Whether there were letters that a copy could send once more. */
async function hasBegun(db: Db): Promise<boolean> {
  const edition = await db.selectFrom('tally').select('n').where('n', '>', 0).limit(1).executeTakeFirst()
  return edition !== undefined || (await db.selectFrom('notice').select('id').limit(1).executeTakeFirst()) !== undefined
}

async function hasSent(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('tally')
    .select('n')
    .where('state', 'in', ['submitted', 'uncertain', 'submitting'])
    .where('n', '>', 0)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

function isLocal(url: string): boolean {
  return !URL.canParse(url) || LOCAL.test(new URL(url).hostname)
}

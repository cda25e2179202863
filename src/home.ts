import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { Selectable } from 'kysely'
import { instant } from '../db/instant.ts'
import type { Db, HomeTable } from '../db/schema.ts'
import type { App } from './app.ts'
import { replaceFile } from './journal.ts'
import { Problem } from './problem.ts'

/** Where a database sends from, and why it may not. */
export type Home = Selectable<HomeTable>

/*
 * A copy of a database, or one that was restored, must not write to people on its own: what it has queued may have gone out
 * from the other place. The database knows its own name and the address it last sent for; the file `instance` beside the key
 * ring says which databases have sent from this machine.
 */

const LOCAL = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/

export async function show(db: Db): Promise<Home> {
  return db.selectFrom('home').selectAll().executeTakeFirstOrThrow()
}

/** Whether nothing may be sent or composed from here. */
export async function isHeld(db: Db): Promise<boolean> {
  return (await show(db)).held_for !== null
}

/** Throws a Problem while nothing may be sent or composed from here, and says what to do. */
export async function refuseHeld(db: Db): Promise<void> {
  const { held_for } = await show(db)
  if (held_for === 'restored') throw new Problem('sending-held-restored')
  if (held_for) throw new Problem('sending-held-copied')
}

/** Before the first letter of a sender: a copy is held, with a Problem; whoever is at home says so here and in the database. */
export async function settle(app: App): Promise<void> {
  await refuseHeld(app.db)
  const known = await show(app.db)
  const lines = await sentFrom(app)
  if (await isCopy(app, known, lines)) {
    await app.db
      .updateTable('home')
      .set({ held_for: 'copied', held_at: instant(app.now()) })
      .where('held_for', 'is', null)
      .execute()
    throw new Problem('sending-held-copied')
  }
  await moveIn(app, known, lines)
}

/** From now on this is the paper: what held it is over. */
export async function adopt(app: App): Promise<void> {
  const free = { held_for: null, held_at: null, backup: null, since_at: null }
  await app.db
    .updateTable('home')
    .set({ ...free, instance: randomBytes(8).toString('hex') })
    .execute()
  await moveIn(app, await show(app.db), await sentFrom(app))
}

async function isCopy(app: App, { instance, url }: Home, lines: string[]): Promise<boolean> {
  if (!url || isLocal(url) || !(await hasSent(app.db))) return false
  const moved = url !== app.config.url
  const mine = lines.filter((line) => line.startsWith(`${instance} `))
  // Several machines may share a PostgreSQL database and send for one address; nobody shares a SQLite file like that.
  if (mine.length === 0) return app.database.kind === 'sqlite' || moved
  return moved && !mine.includes(`${instance} ${await machine()}`)
}

async function moveIn(app: App, known: Home, lines: string[]): Promise<void> {
  const { url } = app.config
  if (known.url !== url) await app.db.updateTable('home').set({ url }).execute()
  const line = `${known.instance} ${await machine()}`
  if (lines.includes(line)) return
  await replaceFile(fileOf(app), `${[...lines, line].join('\n')}\n`).catch((error) =>
    app.log.warn('it cannot be written down that this machine sends: a copy would not be noticed', { error }),
  )
}

async function hasSent(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('tally')
    .select('n')
    .where('state', 'in', ['submitted', 'uncertain'])
    .where('n', '>', 0)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

function isLocal(url: string): boolean {
  return !URL.canParse(url) || LOCAL.test(new URL(url).hostname)
}

async function sentFrom(app: App): Promise<string[]> {
  const text = await readFile(fileOf(app), 'utf8').catch(() => '')
  return text.split('\n').filter((line) => /^\w{16} \w{16}$/.test(line))
}

function fileOf({ config }: App): string {
  return join(dirname(config.secretFile), 'instance')
}

/** This machine, also after its name has changed; in a container without an id of its own, every container. */
async function machine(): Promise<string> {
  const id = await readFile('/etc/machine-id', 'utf8').catch(() => (process.platform === 'linux' ? '' : hostname()))
  return createHash('sha256').update(`nashra ${id.trim()}`).digest('hex').slice(0, 16)
}

import { createReadStream, createWriteStream } from 'node:fs'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sql } from 'kysely'
import { type Database, openDatabase } from '../../db/open.ts'
import type { Config } from '../config.ts'
import * as home from '../home.ts'
import { Problem } from '../problem.ts'
import { hold } from './held.ts'
import { DATABASE } from './manifest.ts'
import { ASIDE, execute, script } from './postgres.ts'
import type { Ready, Source } from './source.ts'

/** A Problem if somebody uses the database, or if it holds what must not be lost by mistake. */
export async function refuse({ database: url }: Config, over: boolean): Promise<void> {
  await using opened = open(url)
  const { db, name } = opened.database
  const { rows } = await sql<{ n: number }>`select count(*) as n from pg_stat_activity
    where datname = current_database() and pid != pg_backend_pid() and backend_type = 'client backend'`.execute(db)
  if (Number(rows[0]!.n) > 0) throw new Problem('database-in-use', { name })
  if (over || !(await holds(opened.database, 'article', 'subscriber'))) return
  throw new Problem('restore-occupied', { name })
}

/** Prepares what then happens in one transaction: what is there is set aside as a schema, the dump comes in, and it is held. */
export async function ready(config: Config, source: Source, now: Temporal.Instant): Promise<Ready> {
  const body = join(source.folder, 'body.sql')
  const whole = join(source.folder, 'whole.sql')
  await script(join(source.folder, DATABASE.postgres), body)
  const aside = `${ASIDE}${source.stamp.toLowerCase()}`
  const occupied = await isThere(config.database)
  const before = occupied ? await wordOf(config.database, source) : undefined
  await writeFile(whole, `alter schema public rename to ${aside};\ncreate schema public;\n`, { mode: 0o600 })
  await pipeline(createReadStream(body), createWriteStream(whole, { flags: 'a' }))
  await appendFile(whole, `\n${HOLD}\n${occupied ? '' : `drop schema ${aside};\n`}`)
  return {
    async swap() {
      await execute(config.database, whole)
      return occupied ? [`schema ${aside}`] : []
    },
    async hold() {
      await using opened = open(config.database)
      return await hold(opened.database, config, source, { now, before })
    },
  }
}

/** A backup of an older Nashra has no place for this yet: it is held a moment later. */
const HOLD = `do $$ begin
  if to_regclass('public.home') is not null then update public.home set held_for = 'restored'; end if;
end $$;`

async function isThere(url: string): Promise<boolean> {
  await using opened = open(url)
  return (await opened.database.db.introspection.getTables({ withInternalKyselyTables: true })).length > 0
}

async function wordOf(url: string, { since }: Source): Promise<home.LastWord | undefined> {
  await using opened = open(url)
  return await home.lastWord(opened.database.db, since, await opened.database.identity())
}

async function holds({ db }: Database, ...tables: ('article' | 'subscriber')[]): Promise<boolean> {
  const there = new Set((await db.introspection.getTables()).map((table) => table.name))
  for (const table of tables) {
    const query = db.selectFrom(table).select('id').limit(1)
    if (there.has(table) && (await query.executeTakeFirst())) return true
  }
  return false
}

/** Closes itself: a session that stays would count as somebody who uses the database. */
function open(url: string) {
  const database = openDatabase(url)
  return { database, [Symbol.asyncDispose]: database.close }
}

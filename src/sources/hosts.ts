import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { oneAtATime } from './gate.ts'
import type { Source } from './source.ts'

/**
 * A source and the host that is being asked for it, held for one poller over all processes: nobody else asks either.
 *
 * The hold follows a request from host to host: `enter` lets go of the one and waits for the other. `lost` tells that it was
 * taken from us, as from a process that slept for a minute.
 */
export type Hold = {
  readonly lost: AbortSignal
  enter(url: URL, signal: AbortSignal): Promise<void>
  release(): Promise<void>
}

const LEASE = 20_000 // ms: a killed process lets go after that
const RENEWAL = 5000
const PATIENCE = 120_000
const LOOK = 200 // ms between looks at a host that somebody else is asking

/** Takes a source and its host for the caller alone; undefined if another has one of them. */
export async function take(app: App, source: Source): Promise<Hold | undefined> {
  const holder = randomUUID()
  const taken = await oneAtATime(app, () => takeBoth(app, source, holder))
  return taken ? held(app, holder, source.host) : undefined
}

function takeBoth(app: App, source: Source, holder: string): Promise<boolean> {
  return app.db.transaction().execute(async (db) => {
    const own = await claim(app, db, rowOf(source), holder)
    const both = own && (await claim(app, db, source.host, holder))
    if (own && !both) await drop(db, holder)
    return both
  })
}

/** The same, and waits for it; undefined if it was not to be had within two minutes. */
export async function wait(app: App, source: Source, signal?: AbortSignal): Promise<Hold | undefined> {
  const deadline = performance.now() + PATIENCE
  while (!signal?.aborted && performance.now() < deadline) {
    const hold = await take(app, source)
    if (hold) return hold
    await sleep(LOOK, undefined, { ...(signal && { signal }) }).catch(() => {})
  }
  return undefined
}

function held(app: App, holder: string, first: string): Hold {
  const lost = new AbortController()
  let host = first
  async function renew(): Promise<void> {
    const until = later(instant(app.now()), LEASE)
    const rows = await app.db
      .updateTable('source_host')
      .set({ held_until: until })
      .where('holder', '=', holder)
      .returning('host')
      .execute()
    if (rows.length === 0) lost.abort()
  }
  const timer = setInterval(() => void renew().catch(() => {}), RENEWAL).unref() // at worst the lease runs out and another takes it
  return {
    lost: lost.signal,
    async enter(url, signal) {
      if (url.host === host) return
      await app.db.deleteFrom('source_host').where('host', '=', host).where('holder', '=', holder).execute()
      host = url.host
      while (!(await claim(app, app.db, host, holder))) await sleep(LOOK, undefined, { signal })
    },
    async release() {
      clearInterval(timer)
      await oneAtATime(app, () => drop(app.db, holder))
    },
  }
}

/** Writes the lease if nobody else's runs: one statement, and exact on both databases. */
async function claim(app: App, db: Db, host: string, holder: string): Promise<boolean> {
  const now = instant(app.now())
  const row = await db
    .insertInto('source_host')
    .values({ host, held_until: later(now, LEASE), holder })
    .onConflict((conflict) =>
      conflict
        .column('host')
        .doUpdateSet(({ ref }) => ({ held_until: ref('excluded.held_until'), holder }))
        .where(({ eb, or }) =>
          or([
            eb('source_host.holder', '=', holder),
            eb('source_host.held_until', '<=', now),
            eb('source_host.held_until', '>', beyond(now)),
          ]),
        ),
    )
    .returning('host')
    .executeTakeFirst()
  return row !== undefined
}

/** A lease that runs for longer than any does was written by a clock that has been put back since. */
function beyond(now: Instant): Instant {
  return later(now, 10 * LEASE)
}

async function drop(db: Db, holder: string): Promise<void> {
  await db.deleteFrom('source_host').where('holder', '=', holder).execute()
}

/** The source's own row among the hosts: no host is written so. */
function rowOf(source: Source): string {
  return `#${source.id}`
}

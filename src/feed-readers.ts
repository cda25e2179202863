import { createHmac } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { instant } from '../db/instant.ts'
import type { Db, FeedReaderTable } from '../db/schema.ts'
import type { App } from './app.ts'
import * as channels from './channels.ts'
import { programOf } from './feed-agents.ts'
import { derived } from './keys.ts'
import { networkOf } from './network.ts'
import { Problem } from './problem.ts'
import * as site from './site.ts'

/** One answered request for a feed: `feed` is the channel's slug, or the path below /feeds/ without the format. */
export type Poll = { feed: string; address: string; agent: string }

/**
 * How many read a feed: what hosted readers say of themselves, and one for each other program in each network. `since`
 * is the first of the days that count.
 */
export type Stats = { feed: string; readers: number; services: Count[]; programs: Count[]; since: string }
export type Count = { agent: string; readers: number }

/** Writes down who was seen. What it cannot write it throws: the caller may lose it. */
export type Counter = { see(polls: Poll[]): Promise<void> }

const DAYS = 7
const BATCH = 200 // rows that are hashed and written before requests go on
const HOUR = 3_600_000 // ms after which the rows are counted anew: other processes add some, too
const MOST_NAMED = 50
const MOST_PER_FEED = 20_000 // rows a day: somebody who makes up a new agent for each request must not fill the disk
const MOST_IN_ALL = 200_000

type Tally = { day: string; countedAt: number; inAll: number; byFeed: Map<string, number> }

/** Of an address only a keyed hash together with agent and feed is kept: nobody can try addresses, or follow one from feed to feed. */
export function openCounter(app: App): Counter {
  const key = derived(app.keys, 'feed readers')
  let tally: Tally | undefined

  async function see(polls: Poll[]): Promise<void> {
    const day = await today(app)
    if (tally?.day !== day || performance.now() - tally.countedAt > HOUR) tally = await count(app.db, day)
    for (let start = 0; start < polls.length; start += BATCH) {
      await write(rowsOf(key, polls.slice(start, start + BATCH), day), tally)
      await setImmediate()
    }
  }

  async function write(rows: FeedReaderTable[], counted: Tally): Promise<void> {
    const admitted = await withinBounds(app.db, rows, counted)
    const changed = await upsert(app.db, admitted)
    counted.inAll += changed.length
    for (const { feed } of changed) counted.byFeed.set(feed, (counted.byFeed.get(feed) ?? 0) + 1)
  }

  return { see }
}

/** How many readers each feed has had in the last seven days, today among them; all channels, or the feed of this name. */
export async function stats(app: App, feed?: string): Promise<Stats[]> {
  const since = Temporal.PlainDate.from(await today(app))
    .subtract({ days: DAYS - 1 })
    .toString()
  const rows = await app.read
    .selectFrom('feed_reader')
    .select(({ fn, cast }) => [
      'feed',
      'agent',
      sql<string>`substr(reader, 1, 1)`.as('kind'),
      cast<number>(fn.sum('n'), 'bigint').as('readers'),
    ])
    .where('seen_on', '>=', since)
    .$if(feed !== undefined, (query) => query.where('feed', '=', feed!))
    .groupBy(['feed', 'agent', 'kind'])
    .execute()
  const slugs = (await channels.all(app.read)).map(({ slug }) => slug)
  const others = [...new Set(rows.map((row) => row.feed))].filter((name) => !slugs.includes(name)).sort()
  const wanted = [...slugs, ...others].filter((name) => feed === undefined || name === feed)
  if (feed !== undefined && wanted.length === 0) throw new Problem('channel-not-found', { value: feed })
  return wanted.map((name) => {
    const own = rows.filter((row) => row.feed === name)
    const readers = own.reduce((sum, row) => sum + row.readers, 0)
    const of = (kind: string) => named(own.filter((row) => row.kind === kind))
    return { feed: name, readers, services: of('s'), programs: of('p'), since }
  })
}

/** Forgets whom no count looks at any more. */
export async function forget(app: App): Promise<void> {
  const last = Temporal.PlainDate.from(await today(app)).subtract({ days: DAYS })
  await app.db.deleteFrom('feed_reader').where('seen_on', '<=', last.toString()).execute()
}

async function today(app: App): Promise<string> {
  return site.today(await site.show(app, app.read), instant(app.now())).toString()
}

/** One row per reader, the newest poll standing; in one order everywhere, so that two processes cannot wait for each other. */
function rowsOf(key: Buffer, polls: Poll[], day: string): FeedReaderTable[] {
  const rows = polls.flatMap(({ feed, address, agent }): FeedReaderTable[] => {
    const program = programOf(agent)
    if (!program) return []
    const { name, hosted } = program
    const reader = hosted
      ? `s.${pseudonym(key, [feed, name, hosted.id])}`
      : `p.${pseudonym(key, [feed, networkOf(address), agent])}`
    return [{ feed, reader, agent: name, n: hosted?.readers ?? 1, seen_on: day }]
  })
  return [...new Map(rows.map((row) => [`${row.feed} ${row.reader}`, row])).values()].sort((a, b) =>
    a.reader < b.reader ? -1 : 1,
  )
}

function pseudonym(key: Buffer, parts: string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest().subarray(0, 16).toString('base64url')
}

/** All of them while there is room; then those that are known already, and of the others as many as there is room for. */
async function withinBounds(db: Db, rows: FeedReaderTable[], counted: Tally): Promise<FeedReaderTable[]> {
  const room = (feed: string) =>
    Math.max(0, Math.min(MOST_PER_FEED - (counted.byFeed.get(feed) ?? 0), MOST_IN_ALL - counted.inAll))
  const tight = [...Map.groupBy(rows, (row) => row.feed)].filter(([feed, own]) => own.length > room(feed))
  if (tight.length === 0) return rows
  const known = new Set<string>()
  for (const [feed, own] of tight) {
    const readers = own.map((row) => row.reader)
    const found = await db
      .selectFrom('feed_reader')
      .select('reader')
      .where('feed', '=', feed)
      .where('reader', 'in', readers)
      .execute()
    for (const { reader } of found) known.add(reader)
  }
  const left = new Map(tight.map(([feed]) => [feed, room(feed)]))
  return rows.filter(({ feed, reader }) => {
    const places = left.get(feed)
    if (places === undefined || known.has(reader)) return true
    left.set(feed, places - 1)
    return places > 0
  })
}

/** The rows that are new, seen on a new day or of another number. */
async function upsert(db: Db, rows: FeedReaderTable[]): Promise<Pick<FeedReaderTable, 'feed'>[]> {
  if (rows.length === 0) return []
  return db
    .insertInto('feed_reader')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['feed', 'reader'])
        .doUpdateSet(({ ref }) => ({
          agent: ref('excluded.agent'),
          n: ref('excluded.n'),
          seen_on: ref('excluded.seen_on'),
        }))
        .where(({ eb, or, ref }) =>
          or([eb('feed_reader.seen_on', '<', ref('excluded.seen_on')), eb('feed_reader.n', '!=', ref('excluded.n'))]),
        ),
    )
    .returning('feed')
    .execute()
}

async function count(db: Db, day: string): Promise<Tally> {
  const rows = await db
    .selectFrom('feed_reader')
    .select(({ fn, cast }) => ['feed', cast<number>(fn.countAll(), 'bigint').as('n')])
    .where('seen_on', '=', day)
    .groupBy('feed')
    .execute()
  const inAll = rows.reduce((sum, row) => sum + row.n, 0)
  return { day, countedAt: performance.now(), inAll, byFeed: new Map(rows.map((row) => [row.feed, row.n])) }
}

/** By name, most first; what is too many to be named is `other`. */
function named(rows: Count[]): Count[] {
  const sorted = rows
    .filter((row) => row.readers > 0)
    .map(({ agent, readers }) => ({ agent, readers }))
    .sort((a, b) => b.readers - a.readers || (a.agent < b.agent ? -1 : 1))
  const rest = sorted.slice(MOST_NAMED).reduce((sum, row) => sum + row.readers, 0)
  return [...sorted.slice(0, MOST_NAMED), ...(rest > 0 ? [{ agent: 'other', readers: rest }] : [])]
}

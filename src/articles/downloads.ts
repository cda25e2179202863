import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

const MINUTE = 60_000
const PAUSES = [5 * MINUTE, 60 * MINUTE, 360 * MINUTE, 1440 * MINUTE] // ms after a failure; after the last comes one more try
const ROWS = 1000 // in a statement
const WINDOW = 1000 // rows among which hosts take turns

/**
 * Asks for pictures that lie elsewhere, in the caller's transaction and before it writes articles: the order in which all
 * take these rows.
 *
 * A row that is there is locked and not only left alone: else whoever keeps that picture in this moment could delete the
 * row without having seen the caller's articles.
 */
export async function ask(db: Db, urls: string[], at: Instant): Promise<void> {
  const rows = [...new Set(urls)].sort().map((url) => ({ url, due_at: at, attempts: 0 }))
  for (let start = 0; start < rows.length; start += ROWS)
    await db
      .insertInto('download')
      .values(rows.slice(start, start + ROWS))
      .onConflict((conflict) =>
        conflict.column('url').doUpdateSet(({ ref }) => ({ attempts: ref('download.attempts') })),
      )
      .execute()
}

/** What is due, at most `limit` of it, the hosts in turn: a large import from one is not in the way of the others. */
export async function due(db: Db, at: Instant, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('download')
    .select('url')
    .where('due_at', '<=', at)
    .orderBy('due_at')
    .limit(WINDOW)
    .execute()
  const hosts = [...Map.groupBy(rows, ({ url }) => new URL(url).host).values()]
  const turns = Array.from({ length: Math.max(0, ...hosts.map((host) => host.length)) }, (_, turn) =>
    hosts.flatMap((host) => host[turn] ?? []),
  )
  return turns
    .flat()
    .slice(0, limit)
    .map((row) => row.url)
}

/** How many will be tried, now or later. */
export async function waiting(db: Db): Promise<number> {
  const row = await db
    .selectFrom('download')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where('due_at', 'is not', null)
    .executeTakeFirstOrThrow()
  return row.n
}

/**
 * Takes one for the caller alone and answers which try it is; undefined if another was faster. A claim is written as a
 * failure beforehand, so that a picture which takes the process down with it is not tried for ever.
 */
export async function claim(db: Db, url: string, at: Instant): Promise<number | undefined> {
  const row = await db.selectFrom('download').select('attempts').where('url', '=', url).executeTakeFirst()
  if (!row) return undefined
  const taken = await db
    .updateTable('download')
    .set({ attempts: row.attempts + 1, due_at: later(at, PAUSES[row.attempts] ?? PAUSES.at(-1)!) })
    .where('url', '=', url)
    .where('due_at', '<=', at)
    .returning('attempts')
    .executeTakeFirst()
  return taken?.attempts
}

/** Says why a claimed one failed. After its last try it is given up; answers whether it is. */
export async function fail(db: Db, url: string, attempts: number, reason: string): Promise<boolean> {
  const last = attempts > PAUSES.length
  await db
    .updateTable('download')
    .set({ reason, ...(last && { due_at: null }) })
    .where('url', '=', url)
    .execute()
  return last
}

/** Gives a claim back as if it had not been: the try was ended by us. */
export async function release(db: Db, url: string, attempts: number, due_at: Instant): Promise<void> {
  await db
    .updateTable('download')
    .set({ attempts: attempts - 1, due_at })
    .where('url', '=', url)
    .execute()
}

/** Holds one until the end of the transaction: who asks for it in the meantime waits, and asks anew if it is closed then. */
export async function hold(db: Db, url: string): Promise<void> {
  const same = db.updateTable('download').set(({ ref }) => ({ attempts: ref('attempts') }))
  await same.where('url', '=', url).execute()
}

/** Forgets one that the caller holds if no article waits for its picture. Answers whether it did. */
export async function close(db: Db, url: string): Promise<boolean> {
  if (await isWanted(db, url)) return false
  await db.deleteFrom('download').where('url', '=', url).execute()
  return true
}

/** Whether an article waits for the picture at this address, as its own or in its body. */
export async function isWanted(db: Db, url: string): Promise<boolean> {
  const lead = await waitingFor(db, url).select('id').limit(1).executeTakeFirst()
  return Boolean(lead ?? (await bodiesWaitingFor(db, url).select('article_id').limit(1).executeTakeFirst()))
}

/** The articles that wait for the picture at this address as their own. */
export function waitingFor(db: Db, url: string) {
  return db.selectFrom('article').where('image_url', '=', url).where('image_id', 'is', null)
}

/** The bodies that wait for it. */
export function bodiesWaitingFor(db: Db, url: string) {
  return db.selectFrom('body_picture').where('wanted', '=', url).where('image_id', 'is', null)
}

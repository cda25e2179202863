import { setImmediate } from 'node:timers/promises'
import { type Selectable, type SqlBool, sql } from 'kysely'
import type { Instant } from '../db/instant.ts'
import type { ChangeTable, Db } from '../db/schema.ts'
import type { App } from './app.ts'
import * as retention from './retention.ts'

/** One line of the trail as it was written: see src/changes.ts. */
export type Change = Selectable<ChangeTable>

/**
 * Which lines. `verbs`: one of these; `any`: by one of these actors, or one of these was done, or about one of these; `since`
 * and `until` (no longer): when; `before` is the id of the line that a page ends with.
 */
export type Sought = {
  actor?: string
  verbs?: readonly string[]
  subject?: string
  any?: { actors: readonly string[]; verbs: readonly string[]; subjects: readonly string[] }
  since?: Instant
  until?: Instant
  before?: number
  limit: number
}

const PAGE = 500

/** The lines that are sought, the latest first. However many there are, it reads about as many as it answers. */
export async function list(db: Db, sought: Sought): Promise<Change[]> {
  const last = sought.before === undefined ? undefined : await momentOf(db, sought.before)
  const ids = new Map<number, Instant>()
  for (const branch of branches(sought))
    for (const { id, at } of await found(db, { ...sought, ...branch }, last)) ids.set(id, at)
  const first = [...ids]
    .sort(([a, at], [b, bt]) => bt - at || b - a)
    .slice(0, sought.limit)
    .map(([id]) => id)
  if (first.length === 0) return []
  const rows = await db.selectFrom('change').selectAll().where('id', 'in', first).execute()
  return rows.sort((a, b) => b.at - a.at || b.id - a.id)
}

/** A line's place in the order of time; of one that is forgotten, the end. */
async function momentOf(db: Db, id: number): Promise<{ at: Instant; id: number }> {
  const row = await db.selectFrom('change').select(['at', 'id']).where('id', '=', id).executeTakeFirst()
  return row ?? { at: 0 as Instant, id: 0 }
}

type Branch = Pick<Sought, 'actor' | 'verbs' | 'subject'>

/** `any` of many is one look-up for each, in an index of its own. */
function branches({ actor, verbs, subject, any }: Sought): Branch[] {
  const own = { ...(actor !== undefined && { actor }), ...(subject !== undefined && { subject }) }
  const perVerb = (some: readonly string[]) => some.map((verb) => ({ ...own, verbs: [verb] }))
  const one = actor !== undefined || subject !== undefined
  if (!any) return one || !verbs ? [{ ...own, ...(verbs && { verbs }) }] : perVerb(verbs)
  return [
    ...any.actors.filter((name) => actor === undefined || actor === name).map((name) => ({ ...own, actor: name })),
    ...perVerb(any.verbs.filter((verb) => !verbs || verbs.includes(verb))),
    ...any.subjects
      .filter((name) => subject === undefined || subject === name)
      .map((name) => ({ ...own, subject: name })),
  ]
}

/**
 * The first lines of one branch. Each is found by one index: about a thing, else by whom, else by what was done, else by the
 * time; the other conditions must not lead the database to another one.
 */
async function found(db: Db, sought: Sought, last: { at: Instant; id: number } | undefined) {
  const { actor, verbs, subject, since, until, limit } = sought
  const byActor = subject === undefined && actor !== undefined
  const byVerb = subject === undefined && !byActor && verbs?.length === 1
  return db
    .selectFrom('change')
    .select(['id', 'at'])
    .$if(subject !== undefined, (query) => query.where('subject', '=', subject!))
    .$if(byActor, (query) => query.where('actor', '=', actor!))
    .$if(!byActor && actor !== undefined, (query) => query.where(sql<SqlBool>`actor || '' = ${actor}`))
    .$if(byVerb, (query) => query.where('verb', '=', verbs![0]!))
    .$if(!byVerb && verbs !== undefined, (query) => query.where(sql<string>`verb || ''`, 'in', [...verbs!]))
    .$if(since !== undefined, (query) => query.where('at', '>=', since!))
    .$if(until !== undefined, (query) => query.where('at', '<', until!))
    .$if(last !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) => eb(refTuple('at', 'id'), '<', tuple(last!.at, last!.id))),
    )
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** All lines that are sought, the latest first, some at a time: for a file. */
export async function* all(db: Db, sought: Omit<Sought, 'limit' | 'before'>): AsyncGenerator<Change[]> {
  let before: number | undefined
  for (;;) {
    const rows = await list(db, { ...sought, limit: PAGE, ...(before !== undefined && { before }) })
    if (rows.length > 0) yield rows
    if (rows.length < PAGE) return
    before = rows.at(-1)!.id
    await setImmediate()
  }
}

/** What somebody changed at a moment: as it was before, and as it was after; undefined if he did not. */
export async function made<Values>(
  db: Db,
  { actor, verb, subject, at }: { actor: string; verb: string; subject: string; at: Instant },
): Promise<{ before: Values; after: Values } | undefined> {
  if (!Number.isSafeInteger(at)) return undefined // as an address may hold it
  const row = await db
    .selectFrom('change')
    .select(['before', 'after'])
    .where('subject', '=', subject)
    .where('verb', '=', verb)
    .where('actor', '=', actor)
    .where('at', '=', at)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row?.before || !row.after) return undefined
  return { before: JSON.parse(row.before), after: JSON.parse(row.after) }
}

/** What has been done, each once, in the order of its letters; and by whom. */
export async function names(db: Db): Promise<{ verbs: string[]; actors: string[] }> {
  return { verbs: await distinct(db, 'verb'), actors: await distinct(db, 'actor') }
}

const MOST = 200 // names: more than any list to choose from should have

/** By jumping from name to name in their index: the trail may be long, its names are few. */
async function distinct(db: Db, column: 'verb' | 'actor'): Promise<string[]> {
  const name = sql.ref(column)
  const { rows } = await sql<{ name: string }>`
    with recursive one (name) as (select min(${name}) from change union all
      select (select min(${name}) from change where ${name} > one.name) from one where one.name is not null)
    select name from one where name is not null limit ${sql.lit(MOST)}`.execute(db)
  return rows.map((row) => row.name)
}

/** What Nashra goes by: which settings of a source somebody chose, and what readers chose themselves. */
const NEEDED = ['source.add', 'source.set', 'subscription.hour', 'subscription.prefer']

/** Forgets the lines that are older than they are to be kept, but for those that Nashra goes by. */
export async function forget(app: App, signal?: AbortSignal): Promise<void> {
  const before = await retention.limit(app, app.db, 'trail')
  if (before === undefined) return
  const verbs = (await distinct(app.read, 'verb')).filter((verb) => !NEEDED.includes(verb))
  for (const verb of verbs)
    for (let n = 1n; n > 0n && !signal?.aborted; await setImmediate()) {
      const gone = await sql`delete from change where id in
        (select id from change where verb = ${verb} and at < ${before} order by at, id limit 500)`.execute(app.db)
      n = gone.numAffectedRows ?? 0n
    }
}

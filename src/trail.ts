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
  for (const branch of await branches(db, sought))
    for (const { id, at } of await found(db, branch, sought, last)) ids.set(id, at)
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

/** What an index leads to in the order of time: a thing, what somebody did, what was done, or everything. */
type Branch =
  | { subject: string; actor?: string | undefined; verbs?: readonly string[] | undefined }
  | { actor?: string; verb?: string }

/** What is sought, in branches: what several of them find is found once. */
async function branches(db: Db, { actor, verbs, subject, any }: Sought): Promise<Branch[]> {
  const about = (name: string): Branch => ({ subject: name, actor, verbs })
  const done = async (by: string | undefined, some = verbs): Promise<Branch[]> => {
    if (by === undefined && some === undefined) return [{}]
    return (some ?? (await distinct(db, 'verb'))).map((verb) => ({ verb, ...(by !== undefined && { actor: by }) }))
  }
  if (subject !== undefined) return any && !any.subjects.includes(subject) ? [] : [about(subject)]
  if (!any) return done(actor)
  const people = any.actors.filter((name) => actor === undefined || actor === name)
  const deeds = any.verbs.filter((verb) => !verbs || verbs.includes(verb))
  return [
    ...(await Promise.all(people.map((name) => done(name)))).flat(),
    ...(await done(actor, deeds)),
    ...any.subjects.map(about),
  ]
}

/** The first lines of one branch. What else goes for a thing's lines must not lead the database to another index. */
async function found(
  db: Db,
  branch: Branch,
  { since, until, limit }: Sought,
  last: { at: Instant; id: number } | undefined,
) {
  return db
    .selectFrom('change')
    .select(['id', 'at'])
    .$call((query) => {
      if (!('subject' in branch))
        return query
          .$if(branch.actor !== undefined, (one) => one.where('actor', '=', branch.actor!))
          .$if(branch.verb !== undefined, (one) => one.where('verb', '=', branch.verb!))
      const { subject, actor, verbs } = branch
      return query
        .where('subject', '=', subject)
        .$if(actor !== undefined, (one) => one.where(sql<SqlBool>`actor || '' = ${actor}`))
        .$if(verbs !== undefined, (one) => one.where(sql<string>`verb || ''`, 'in', [...verbs!]))
    })
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

import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import { Problem } from '../problem.ts'
import { made } from '../trail.ts'
import { address, columns } from './settings.ts'
import type { Settings, Source } from './source.ts'

const READ_ANEW = ['charset', 'zone', 'date_order', 'language', 'section', 'credit', 'body', 'pictures', 'url'] // what another reading brings out

const DECIDED = [...READ_ANEW, 'title', 'relation', 'intake', 'first'] as ('title' | 'url' | 'language')[]

/**
 * Changes what an editor has decided about a source. What changes how its documents are understood has it read anew; in
 * another charset its feed's own name too.
 */
export async function set(app: App, actor: Actor, id: number, settings: Settings & { url?: string }): Promise<Source> {
  const { url, ...rest } = settings
  const values = { ...columns(rest), ...(url !== undefined && { url: address(url), host: new URL(address(url)).host }) }
  return change(app, actor, id, 'source.set', async (db, source, at) => {
    if ('url' in values) await refuseOthers(db, source, values.url!)
    const anew = READ_ANEW.some((name) => name in values && values[name as 'url'] !== source[name as 'url'])
    const asked = source.paused_at === null && source.ended_at === null
    const misread = 'charset' in values && values.charset !== source.charset && !(await isNamed(db, source))
    return {
      ...(misread && { title: '' }),
      ...values,
      ...(anew && { etag: null, last_modified: null, ...(asked && { due_at: at }) }),
    }
  })
}

/** Whether an editor has given a source the name that it has: the trail knows. */
async function isNamed(db: Db, { id, title }: Source): Promise<boolean> {
  const rows = await db
    .selectFrom('change')
    .select('after')
    .where('subject', '=', `source:${id}`)
    .where('verb', 'in', ['source.add', 'source.set'])
    .execute()
  return rows.some(({ after }) => JSON.parse(after ?? '{}').title === title)
}

/**
 * Takes back the change of settings that this actor made at that moment; undefined if one of them has been changed since.
 * What had it read anew has it read anew again.
 */
export async function undo(app: App, actor: Actor, id: number, at: Instant): Promise<Source | undefined> {
  const source = await find(app.db, id)
  const was = await made<Partial<Source>>(app.db, { actor, verb: 'source.set', subject: `source:${id}`, at })
  const names = was ? DECIDED.filter((name) => name in was.after) : []
  const learnt = (name: string) => name === 'title' && was!.after.title === '' // its feed has named it since
  if (!was || names.some((name) => source[name] !== was.after[name] && !learnt(name))) return undefined
  return set(app, actor, id, Object.fromEntries(names.map((name) => [name, was.before[name] ?? ''])))
}

/** Has it asked as soon as somebody polls, whatever its hour; one that is paused or has ended stays so. */
export async function hasten(app: App, actor: Actor, id: number): Promise<Source> {
  return change(app, actor, id, 'source.hasten', async (_db, source, at) =>
    source.paused_at === null && source.ended_at === null && (source.due_at ?? at) >= at ? { due_at: at } : {},
  )
}

/** Polls it no more until it is resumed. */
export async function pause(app: App, actor: Actor, id: number): Promise<Source> {
  return change(app, actor, id, 'source.pause', async (_db, source, at) => ({
    paused_at: source.paused_at ?? at,
    due_at: null,
  }))
}

/** Polls it again, and soon: after a pause, an end, or failures. */
export async function resume(app: App, actor: Actor, id: number): Promise<Source> {
  return change(app, actor, id, 'source.resume', async (_db, _source, at) => ({
    paused_at: null,
    ended_at: null,
    due_at: at,
    failures: 0,
    error: null,
  }))
}

async function change(
  app: App,
  actor: Actor,
  id: number,
  verb: string,
  values: (db: Db, source: Source, at: Instant) => Promise<Partial<Source>>,
): Promise<Source> {
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const source = await find(db, id)
    const after = await values(db, source, at)
    if (Object.keys(after).length === 0) return source
    const before = Object.fromEntries(Object.keys(after).map((name) => [name, source[name as keyof Source]]))
    await changes.record(db, actor, at, [{ verb, subject: `source:${id}`, before, after }])
    return db.updateTable('source').set(after).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  })
}

/** The source of this number; a Problem where there is none. */
export async function find(db: Db, id: number): Promise<Source> {
  const known = Number.isSafeInteger(id) && id > 0
  const source = known && (await db.selectFrom('source').selectAll().where('id', '=', id).executeTakeFirst())
  if (!source) throw new Problem('source-not-found', { value: id })
  return source
}

async function refuseOthers(db: Db, source: Source, url: string): Promise<void> {
  const other = await db
    .selectFrom('source')
    .select('id')
    .where('url', '=', url)
    .where('id', '!=', source.id)
    .executeTakeFirst()
  if (other) throw new Problem('source-known', { value: url })
}

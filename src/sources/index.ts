import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as fetching from '../fetching/index.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import * as reading from '../reading/index.ts'
import { httpUrl } from '../text.ts'
import type { Polled, Settings, Source } from './source.ts'

export type { Polled, Report, Settings, Source } from './source.ts'

/** Adds a source; a feed's address is stored unread, a site is read once to find its feed. */
export async function add(app: App, actor: Actor, address: string, settings: Settings): Promise<Source> {
  const url = httpUrl(address)
  if (!url) throw new Problem('bad-url', { value: address })
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const source = await db
      .insertInto('source')
      .values({ title: '', ...settings, url, host: new URL(url).host, due_at: at, created_at: at })
      .onConflict((conflict) => conflict.column('url').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!source) throw new Problem('source-known', { value: url })
    await changes.record(db, actor, at, [{ verb: 'source.add', subject: `source:${source.id}`, after: settings }])
    return source
  })
}

export async function find(db: Db, id: number): Promise<Source> {
  const source = await db.selectFrom('source').selectAll().where('id', '=', id).executeTakeFirst()
  if (!source || id === 0) throw new Problem('source-not-found', { value: id })
  return source
}

/** All of them, in the order they were added. */
export async function all(db: Db): Promise<Source[]> {
  return db.selectFrom('source').selectAll().where('id', '>', 0).orderBy('id').execute()
}

/** Those whose hour has come. */
export async function due(db: Db, now: Instant): Promise<Source[]> {
  return db.selectFrom('source').selectAll().where('due_at', '<=', now).orderBy('due_at').execute()
}

/** Asks a source now and takes what is new. */
export async function poll(app: App, actor: Actor, source: Source, signal?: AbortSignal): Promise<Polled> {
  const at = instant(app.now())
  const answer = await fetching.get(app, source.url, { ...(signal && { signal }) })
  const document = await reading.read(answer.body, { url: answer.url, zone: 'UTC', dateOrder: 'auto', now: at })
  await intake.take(app, actor, source, {
    items: document.items,
    deleted: document.deleted,
    first: source.read_at === null,
    window: true,
  })
  await app.db
    .updateTable('source')
    .set({ read_at: at, polled_at: at, due_at: later(at, 3_600_000) })
    .where('id', '=', source.id)
    .execute()
  return { status: 'ok' }
}

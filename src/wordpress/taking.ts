import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as intake from '../intake/index.ts'
import type { Item } from '../reading/index.ts'
import { keepCursor } from '../sources/cursor.ts'
import type { Took, Turn } from './asking.ts'
import { shortAddress } from './post.ts'
import type { Head, Post } from './rest.ts'
import { homeOf } from './root.ts'
import { note, type State } from './state.ts'

/** A post of the site as we hold it. */
export type Held = { number: number; guid: string; state: string; modified_at: number | null }

/**
 * Takes posts, as the archive or as news; what is no item any more, such as a post that now asks for a password, is
 * withdrawn. Then remembers them together with the state.
 */
export async function take(turn: Turn, state: State, posts: Post[]): Promise<void> {
  const { app, source } = turn
  const held = await heldOf(app.db, source.id, numbersOf(posts))
  const named = await withOwnGuids(app.db, turn, posts, held)
  const fresh = named.filter(({ number }) => !held.has(number))
  const archive = itemsOf(fresh).filter(({ published_at }) => (published_at ?? 0) < state.began)
  const news = itemsOf(named).filter((item) => !archive.includes(item))
  const closed = named.filter((post) => 'skipped' in post && held.get(post.number)?.state === 'taken')
  await bring(turn, archive, true)
  await bring(turn, news, false)
  await withdraw(
    turn,
    closed.map((post) => held.get(post.number)!.guid),
  )
  for (const post of named) if ('skipped' in post) note(state, `post ${post.number} was left out: ${post.skipped}`)
  const seen = named.map(({ modified_at }) => modified_at ?? 0)
  state.newest = Math.min(Math.max(state.newest ?? 0, ...seen), instant(app.now())) as Instant // a date in the future is a mistake
  await app.db.transaction().execute(async (db) => {
    await remember(db, source.id, named)
    await keep(db, turn, state)
  })
}

/** Says that posts are gone, and remembers it. */
export async function drop(turn: Turn, held: Held[]): Promise<void> {
  const { app, source } = turn
  await withdraw(
    turn,
    held.flatMap(({ state, guid }) => (state === 'taken' ? [guid] : [])),
  )
  await app.db
    .updateTable('wordpress_post')
    .set({ state: 'gone', missing_at: null })
    .where('source_id', '=', source.id)
    .where('number', 'in', numbersOf(held))
    .execute()
  turn.kept = true
}

/** Writes the state down; in the caller's transaction. */
export async function keep(db: Db, turn: Turn, state: State): Promise<void> {
  const { source } = turn
  const { n } = await db
    .selectFrom('wordpress_post')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('source_id', '=', source.id)
    .where('state', '!=', 'gone')
    .executeTakeFirstOrThrow()
  state.filled = Number(n)
  await keepCursor(db, source.id, JSON.stringify(state))
  turn.kept = true
}

/** What we hold of these numbers. */
export async function heldOf(db: Db, source: number, numbers: number[]): Promise<Map<number, Held>> {
  const rows = await db
    .selectFrom('wordpress_post')
    .select(['number', 'guid', 'state', 'modified_at'])
    .where('source_id', '=', source)
    .where('number', 'in', numbers)
    .execute()
  return new Map(rows.map((row) => [row.number, row]))
}

/** Those that we do not hold, or hold as they were before. */
export async function changedOf(turn: Turn, heads: Head[]): Promise<Head[]> {
  const held = await heldOf(turn.app.db, turn.source.id, numbersOf(heads))
  return heads.filter(({ number, modified_at }) => {
    const one = held.get(number)
    return !one || one.state === 'gone' || one.modified_at !== modified_at
  })
}

export function numbersOf(posts: { number: number }[]): number[] {
  return posts.map(({ number }) => number)
}

/** As feeds have them, the newest first. */
function itemsOf(posts: Post[]): Item[] {
  return [...posts].sort((a, b) => b.number - a.number).flatMap((post) => ('item' in post ? [post.item] : []))
}

async function bring(turn: Turn, items: Item[], first: boolean): Promise<void> {
  if (items.length === 0) return
  const { app, actor, source } = turn
  count(turn, await intake.take(app, actor, source, { items, deleted: [], first, window: false }))
}

function count(turn: Turn, taken: Partial<Took>): void {
  const before = turn.took ?? { added: 0, revised: 0, held: 0, also: 0, withdrawn: 0 }
  turn.took = {
    added: before.added + (taken.added ?? 0),
    revised: before.revised + (taken.revised ?? 0),
    held: before.held + (taken.held ?? 0),
    also: before.also + (taken.also ?? 0),
    withdrawn: before.withdrawn + (taken.withdrawn ?? 0),
  }
}

async function withdraw(turn: Turn, guids: string[]): Promise<void> {
  if (guids.length === 0) return
  const { app, actor, source } = turn
  count(turn, { withdrawn: await intake.gone(app, actor, source, guids) })
}

/**
 * A post keeps the guid that it came with, whatever becomes of the site's address. Sites that were copied hold posts that
 * share a guid: the first keeps it, the others get the address of their number.
 */
async function withOwnGuids(db: Db, { source }: Turn, posts: Post[], held: Map<number, Held>): Promise<Post[]> {
  const rows = await db
    .selectFrom('wordpress_post')
    .select(['number', 'guid'])
    .where('source_id', '=', source.id)
    .where(
      'guid',
      'in',
      posts.map(({ guid }) => guid),
    )
    .execute()
  const owners = new Map(rows.map(({ guid, number }) => [guid, number]))
  return posts.map((post) => {
    const before = held.get(post.number)
    const owner = owners.get(post.guid) ?? post.number
    owners.set(post.guid, owner)
    const own = owner === post.number ? post.guid : shortAddress(post.number, homeOf(source.url))
    const guid = before && before.state !== 'skipped' ? before.guid : own
    return 'item' in post ? { ...post, guid, item: { ...post.item, guid } } : { ...post, guid }
  })
}

async function remember(db: Db, source: number, posts: Post[]): Promise<void> {
  const rows = posts.map((post) => ({
    source_id: source,
    number: post.number,
    guid: post.guid,
    state: 'item' in post ? 'taken' : 'skipped',
    modified_at: post.modified_at,
    missing_at: null,
  }))
  if (rows.length === 0) return
  await db
    .insertInto('wordpress_post')
    .values([...new Map(rows.map((row) => [row.number, row])).values()])
    .onConflict((conflict) =>
      conflict.columns(['source_id', 'number']).doUpdateSet(({ ref }) => ({
        guid: ref('excluded.guid'),
        state: ref('excluded.state'),
        modified_at: ref('excluded.modified_at'),
        missing_at: null,
      })),
    )
    .execute()
}

import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { claimedId, holds } from '../keys.ts'
import { say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { depart, returned } from './deciding.ts'
import { fresh } from './joining.ts'
import { type List, publicLists } from './lists.ts'
import { keepLooks, type Looks } from './looks.ts'
import { present, type Standing, type Subscription, standingOf } from './standing.ts'

/** What the holder of a preference link may see: the address, and where it stands on each list that it may be on. */
export type Preferences = Standing & {
  address: string
  lists: { list: List; subscription: Subscription | undefined }[]
}

/** What a preference link is about; nothing changes. A Problem when the link is not ours, or its reader was erased. */
export async function readPreferences(app: App, token: string): Promise<Preferences> {
  const id = claimedId(token)
  if (id === undefined || !holds(app.keys, token, 'preferences', id)) throw new Problem('link-invalid')
  const standing = await standingOf(app.read, id)
  const { address } = await app.read
    .selectFrom('subscriber')
    .select('address')
    .where('id', '=', standing.subscription.subscriber_id)
    .executeTakeFirstOrThrow()
  if (address === null) throw new Problem('link-invalid')
  return { ...standing, address, lists: await within(app.read, standing) }
}

/** How the letters of one list look; what is undefined stays. When they come is `digests.prefer`. */
export async function prefer(app: App, { subscription }: Standing, looks: Partial<Looks>): Promise<void> {
  const now = instant(app.now())
  await app.db.transaction().execute((db) => keepLooks(db, subscription.id, looks, now))
}

/** Joins some of the lists that the reader may choose from and leaves others, by their slugs; what is as wished stays. */
export async function chooseLists(
  app: App,
  preferences: Preferences,
  chosen: { join: string[]; leave: string[] },
  network: string,
): Promise<void> {
  for (const { list, subscription } of preferences.lists) {
    const active = subscription?.state === 'active'
    if (active && chosen.leave.includes(list.slug))
      await depart(app, await standingOf(app.db, subscription.id), 'page', network)
    if (!active && chosen.join.includes(list.slug)) await joinToo(app, preferences, list, network)
  }
}

/** Who holds the link has shown already that the mailbox is theirs: no second letter asks. */
async function joinToo(app: App, preferences: Preferences, list: List, network: string): Promise<void> {
  const { subscriber_id } = preferences.subscription
  const { language, zone } = preferences.subscription
  const now = instant(app.now())
  const { id } = await app.db.transaction().execute(async (db) => {
    await present(db, preferences)
    await db
      .insertInto('subscription')
      .values({ ...fresh(list.id, subscriber_id, now), state: 'pending', language, zone })
      .onConflict((conflict) => conflict.columns(['list_id', 'subscriber_id']).doNothing())
      .execute()
    return db
      .selectFrom('subscription')
      .select('id')
      .where('list_id', '=', list.id)
      .where('subscriber_id', '=', subscriber_id)
      .executeTakeFirstOrThrow()
  })
  const wording = `${say(language, 'prefs.lists-text')} ☑ ${list.title}`
  await returned(app, await standingOf(app.db, id), {}, { wording, network, form: '/preferences' })
}

/** The lists that anybody may join and those that this reader is on. */
async function within(db: Db, { subscription }: Standing): Promise<Preferences['lists']> {
  const own = await db
    .selectFrom('subscription')
    .selectAll()
    .where('subscriber_id', '=', subscription.subscriber_id)
    .execute()
  const ids = own.filter(({ state, id }) => state === 'active' || id === subscription.id).map(({ list_id }) => list_id)
  const theirs = await db.selectFrom('list').selectAll().where('id', 'in', ids).execute()
  const all = new Map([...theirs, ...(await publicLists(db))].map((list) => [list.id, list]))
  return [...all.values()]
    .sort((a, b) => a.id - b.id)
    .map((list) => ({ list, subscription: own.find(({ list_id }) => list_id === list.id) }))
}

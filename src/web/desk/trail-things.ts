import { html } from 'hono/html'
import type { Db } from '../../../db/schema.ts'
import { type MessageKey, say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import type { Visit } from './routes.ts'

/** What a line of the trail is about: its name, and where it is looked at while it is there. */
export type Thing = { name: string; path?: string }

type Named = { key: string | number; name: string }
type Kind = { path: (key: string) => string; names: (db: Db, keys: string[]) => Promise<Named[]> }

const numbers = (keys: string[]) => keys.map(Number).filter((key) => Number.isSafeInteger(key) && key > 0)

/** How each kind of thing is found by what the trail calls it. */
const KINDS: Record<string, Kind> = {
  article: {
    path: (key) => `/admin/articles/${key}`,
    names: (db, keys) => db.selectFrom('article').select(['public_id as key', 'title as name']).where('public_id', 'in', keys).execute(), // biome-ignore format: one query
  },
  channel: {
    path: (key) => `/admin/channels/${key}`,
    names: (db, keys) => db.selectFrom('channel').select(['slug as key', 'title as name']).where('slug', 'in', keys).execute(), // biome-ignore format: one query
  },
  source: {
    path: (key) => `/admin/sources/${key}`,
    names: (db, keys) => db.selectFrom('source').select(['id as key', 'title as name']).where('id', 'in', numbers(keys)).execute(), // biome-ignore format: one query
  },
  list: {
    path: (key) => `/admin/lists/${key}`,
    names: (db, keys) => db.selectFrom('list').select(['slug as key', 'title as name']).where('slug', 'in', keys).execute(), // biome-ignore format: one query
  },
  segment: {
    path: (key) => `/admin/segments/${key}`,
    names: (db, keys) => db.selectFrom('segment').select(['slug as key', 'title as name']).where('slug', 'in', keys).execute(), // biome-ignore format: one query
  },
  digest: {
    path: (key) => `/admin/digests/${key}`,
    names: (db, keys) => db.selectFrom('digest').select(['slug as key', 'title as name']).where('slug', 'in', keys).execute(), // biome-ignore format: one query
  },
  edition: { path: (key) => `/admin/digests/editions/${key}`, names: editions },
  account: {
    path: (key) => `/admin/people/${key}`,
    names: async (db, keys) => {
      const rows = await db.selectFrom('account').select(['public_id', 'name', 'address']).where('public_id', 'in', keys).execute() // biome-ignore format: one query
      return rows.map(({ public_id, name, address }) => ({ key: public_id, name: name || address }))
    },
  },
  subscriber: {
    path: (key) => `/admin/readers/${key}`,
    names: (db, keys) => db.selectFrom('subscriber').select(['public_id as key', 'public_id as name']).where('public_id', 'in', keys).execute(), // biome-ignore format: one query
  },
}

async function editions(db: Db, keys: string[]): Promise<Named[]> {
  const rows = await db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['edition.public_id', 'edition.day', 'digest.title'])
    .where('edition.public_id', 'in', keys)
    .execute()
  return rows.map(({ public_id, day, title }) => ({ key: public_id, name: `${title} · ${day}` }))
}

/** What these subjects of the trail are called. Readers are not named, only led to. */
export async function thingsOf({ app, language }: Visit, subjects: readonly string[]): Promise<Map<string, Thing>> {
  const things = new Map<string, Thing>()
  const byKind = Map.groupBy(new Set(subjects), (subject) => subject.split(':')[0]!)
  for (const [kind, some] of byKind) {
    const keys = some.map((subject) => subject.slice(kind.length + 1))
    const found = Object.hasOwn(KINDS, kind) ? await KINDS[kind]!.names(app.read, keys) : []
    for (const { key, name } of found)
      things.set(`${kind}:${key}`, {
        name: kind === 'subscriber' ? say(language, 'desk.trail-reader') : name || String(key),
        path: KINDS[kind]!.path(String(key)),
      })
  }
  await addSubscriptions(app.read, language, byKind.get('subscription') ?? [], things)
  for (const subject of new Set(subjects)) if (!things.has(subject)) things.set(subject, unnamed(language, subject))
  return things
}

async function addSubscriptions(db: Db, language: string, subjects: string[], things: Map<string, Thing>) {
  if (subjects.length === 0) return
  const rows = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .innerJoin('list', 'list.id', 'subscription.list_id')
    .select(['subscription.id', 'subscriber.public_id', 'list.title'])
    .where('subscription.id', 'in', numbers(subjects.map((subject) => subject.slice('subscription:'.length))))
    .execute()
  for (const { id, public_id, title } of rows) {
    const name = say(language, 'desk.trail-reader-of', { list: title })
    things.set(`subscription:${id}`, { name, path: `/admin/readers/${public_id}` })
  }
}

const ALONE: Record<string, [MessageKey, string]> = {
  site: ['desk.trail-site', '/admin/settings'],
  home: ['desk.trail-home', '/admin/settings/keeping'],
  keys: ['desk.trail-keys', '/admin/settings/keys'],
}

/** What has no name: the paper's own settings; a domain, a provider, a field; and what is there no more, as it was written. */
function unnamed(language: string, subject: string): Thing {
  if (Object.hasOwn(ALONE, subject)) {
    const [key, path] = ALONE[subject]!
    return { name: say(language, key), path }
  }
  const [kind, key] = [subject.split(':')[0]!, subject.slice(subject.indexOf(':') + 1)]
  if (kind === 'domain' || kind === 'hook' || kind === 'field') return { name: key }
  if (kind === 'import') return { name: say(language, 'desk.trail-import', { n: key }), path: '/admin/readers/import' }
  if (kind === 'suppression') return { name: say(language, 'desk.trail-reader'), path: '/admin/readers/suppressions' }
  return { name: subject }
}

/** The name of what a line is about, led to where it is still there. */
export function thingShown({ name, path }: Thing): Html {
  return path === undefined ? html`<bdi>${name}</bdi>` : html`<a href="${path}"><bdi>${name}</bdi></a>`
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import { first } from '../db/migrations/2026-11-first.ts'
import { publishing } from '../db/migrations/2026-11-publishing.ts'
import { trustReport } from '../db/migrations/2026-11-trust-report.ts'
import { desk } from '../db/migrations/2026-12-desk.ts'
import { workerRoles } from '../db/migrations/2026-12-worker-roles.ts'
import { migrate } from '../db/open.ts'
import type { Db } from '../db/schema.ts'
import { databases, type Kind, openWorld } from './world.ts'

const kinds = [...new Set<Kind>([...databases, 'pglite'])]

describe.each(kinds)('the schema on %s', (kind) => {
  test('the types say of every column what the migrated database says', async () => {
    await using world = await openWorld(kind, '2026-11-23T04:10:00Z')
    const all = await world.db.introspection.getTables()
    const tables = all.filter(({ name }) => !/^(article|subscriber)_search/.test(name)) // each database has its own
    const seen = Object.fromEntries(
      tables.map((table) => [
        table.name,
        Object.fromEntries(
          table.columns.map((column) => [
            column.name,
            `${/int/i.test(column.dataType) ? 'number' : 'string'}${column.isNullable ? ' | null' : ''}`,
          ]),
        ),
      ]),
    )
    expect(seen).toEqual(declared())
  })

  test('a database that has seen a later migration takes one that sorts before it, as after two lines of work were joined', async () => {
    await using world = await openWorld(kind, '2026-11-23T04:10:00Z')
    const { db } = world
    await db.schema.dropTable('stage').execute()
    for (const name of ['delivery_skipped', 'delivery_doubted']) await db.schema.dropIndex(name).execute()
    await db.schema.alterTable('edition').dropColumn('left_out').execute()
    await sql`delete from kysely_migration where name = '2026-12-stage'`.execute(db)
    expect(await migrate(world.database)).toEqual(['2026-12-stage'])
    expect(await migrate(world.database)).toEqual([])
  })

  test('migrating twice, or from two sides at once, changes nothing', async () => {
    await using world = await openWorld(kind, '2026-11-23T04:10:00Z')
    await Promise.all([migrate(world.database), migrate(world.database)])
    expect(await world.db.selectFrom('site').select('language').execute()).toEqual([{ language: 'ar' }])
    expect(await world.db.selectFrom('channel').select('slug').execute()).toEqual([{ slug: 'all' }])
  })

  test('an inner id is never given twice', async () => {
    await using world = await openWorld(kind, '2026-11-23T04:10:00Z')
    const row = { key: 'a', name: 'a' }
    const first = await world.db.insertInto('tag').values(row).returning('id').executeTakeFirstOrThrow()
    await world.db.deleteFrom('tag').execute()
    const second = await world.db.insertInto('tag').values(row).returning('id').executeTakeFirstOrThrow()
    expect(second.id).toBeGreaterThan(first.id)
  })
})

test.each(['sqlite', 'pglite'] as const)(
  'the stories of an older database are found by their old addresses, on %s',
  async (kind) => {
    await using old = await openWorld(kind, '2026-11-23T04:10:00Z', {}, 'empty')
    const { db } = old
    const dialect = kind === 'sqlite' ? 'sqlite' : 'postgres'
    await first(db as unknown as Kysely<unknown>, dialect)
    const texts = { title: 'x', body_html: '', excerpt: '', language: 'ar', folded: '', fingerprint: '' }
    const times = { published_at: 0, updated_at: 0, created_at: 0 }
    const rows = Array.from({ length: 1001 }, (_, n) => ({
      ...{ ...texts, ...times, source_id: 0, public_id: `a${n}`, entry_id: `e${n}` },
      ...{ guid: `https://old.example/?p=${n + 1}`, url: `https://old.example/story-${n}/` },
    }))
    await (db as unknown as Kysely<{ article: (typeof rows)[number] }>).insertInto('article').values(rows).execute()
    await publishing(db as unknown as Kysely<unknown>, dialect)
    const { n } = await db
      .selectFrom('article_address')
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .executeTakeFirstOrThrow()
    expect(n).toBe(2002)
    const found = await db
      .selectFrom('article_address')
      .selectAll()
      .where('address', 'in', ['/story-1000', '?p=1001'])
      .execute()
    expect(new Set(found.map(({ article_id }) => article_id)).size).toBe(1)
  },
)

test.each(['sqlite', 'pglite'] as const)(
  'the roles of an older database are kept, and one may have several for a list, on %s',
  async (kind) => {
    await using old = await openWorld(kind, '2026-12-01T08:00:00Z', {}, 'empty')
    const dialect = kind === 'sqlite' ? 'sqlite' : 'postgres'
    await desk(old.db as unknown as Kysely<unknown>, dialect)
    const person = { public_id: 'a', address: 'a@news.example', address_hash: 'a', name: '', language: 'ar' }
    const { id } = await old.db
      .insertInto('account')
      .values({ ...person, created_at: 0 as Instant })
      .returning('id')
      .executeTakeFirstOrThrow()
    const editor = { account_id: id, list_id: 0, role: 'editor' }
    const sender = { account_id: id, list_id: 0, role: 'sender' }
    await old.db.insertInto('account_role').values(editor).execute()
    await expect(old.db.insertInto('account_role').values(sender).execute()).rejects.toThrow()
    await workerRoles(old.db as unknown as Kysely<unknown>, dialect)
    await old.db.insertInto('account_role').values(sender).execute()
    await expect(old.db.insertInto('account_role').values(sender).execute()).rejects.toThrow()
    expect(await old.db.selectFrom('account_role').selectAll().orderBy('role').execute()).toEqual([editor, sender])
  },
)

test.each(['sqlite', 'pglite'] as const)(
  'a notice that waits is kept when notices learn of reports, and no id is given twice, on %s',
  async (kind) => {
    await using old = await openWorld(kind, '2026-11-23T04:10:00Z', {}, 'empty')
    const dialect = kind === 'sqlite' ? 'sqlite' : 'postgres'
    await first(old.db as unknown as Kysely<unknown>, dialect)
    const reader = await readerIn(old.db)
    const row = { ...reader, kind: 'confirm', language: 'ar', state: 'queued', due_at: 0, attempts: 2, created_at: 7 }
    const add = () =>
      old.db
        .insertInto('notice')
        .values(row as never)
        .returning('id')
        .executeTakeFirstOrThrow()
    const kept = await add()
    const gone = await add()
    await old.db.deleteFrom('notice').where('id', '=', gone.id).execute()
    await trustReport(old.db as unknown as Kysely<unknown>, dialect)
    expect(await old.db.selectFrom('notice').selectAll().execute()).toEqual([
      expect.objectContaining({ ...row, ...kept, reply: null, address: null }),
    ])
    expect((await add()).id).toBeGreaterThan(gone.id)
  },
)

/** One reader, by the tables of the first version. */
async function readerIn(db: Db) {
  const one = (row: object) => ({ ...row, created_at: 0 }) as never
  const list = await db
    .insertInto('list')
    .values(one({ slug: 'a', title: 'a', language: 'ar', visibility: 'public' }))
    .returning('id')
    .executeTakeFirstOrThrow()
  const subscriber = await db
    .insertInto('subscriber')
    .values(one({ public_id: 'a', address: 'a@b.example', address_hash: 'a' }))
    .returning('id')
    .executeTakeFirstOrThrow()
  const standing = {
    list_id: list.id,
    subscriber_id: subscriber.id,
    state: 'pending',
    sections: '',
    format: 'html',
    language: 'ar',
    feed_epoch: 0,
  }
  const subscription = await db
    .insertInto('subscription')
    .values(one(standing))
    .returning('id')
    .executeTakeFirstOrThrow()
  return { subscriber_id: subscriber.id, subscription_id: subscription.id }
}

/** The interfaces of db/schema/ as {table: {column: type}}, read from their text. */
function declared(): Record<string, Record<string, string>> {
  const folder = join(import.meta.dirname, '../db/schema')
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const tables = new Map([...text.matchAll(/^ {2}(\w+): (\w+Table)$/gm)].map(([, table, type]) => [type!, table!]))
  const plain = (type: string) => type.replace(/Generated<(\w+)>/, '$1').replace('Instant', 'number')
  return Object.fromEntries(
    [...text.matchAll(/^export interface (\w+Table) \{\n([^}]*)\}/gm)].map(([, type, body]) => [
      tables.get(type!)!,
      Object.fromEntries([...body!.matchAll(/^ {2}(\w+): (.+)$/gm)].map(([, column, kind]) => [column!, plain(kind!)])),
    ]),
  )
}

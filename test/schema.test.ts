import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { migrate } from '../db/open.ts'
import { databases, type Kind, openWorld } from './world.ts'

const kinds = [...new Set<Kind>([...databases, 'pglite'])]

describe.each(kinds)('the schema on %s', (kind) => {
  test('the types say of every column what the migrated database says', async () => {
    await using world = await openWorld(kind, '2026-11-23T04:10:00Z')
    const all = await world.db.introspection.getTables()
    const tables = all.filter(({ name }) => !name.startsWith('article_search')) // each database has its own
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

/** The interfaces of db/schema.ts as {table: {column: type}}, read from its text. */
function declared(): Record<string, Record<string, string>> {
  const text = readFileSync(new URL('../db/schema.ts', import.meta.url), 'utf8')
  const tables = new Map([...text.matchAll(/^ {2}(\w+): (\w+Table)$/gm)].map(([, table, type]) => [type!, table!]))
  const plain = (type: string) => type.replace(/Generated<(\w+)>/, '$1').replace('Instant', 'number')
  return Object.fromEntries(
    [...text.matchAll(/^export interface (\w+Table) \{\n([^}]*)\}/gm)].map(([, type, body]) => [
      tables.get(type!)!,
      Object.fromEntries([...body!.matchAll(/^ {2}(\w+): (.+)$/gm)].map(([, column, kind]) => [column!, plain(kind!)])),
    ]),
  )
}

import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, inject, test } from 'vitest'
import { addressHash, type Email } from '../src/address.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'

// Nobody writes beside an import on SQLite, and PGlite has one connection.
describe.skipIf(!inject('postgres'))('while an import writes on postgres', () => {
  test('a reader whom somebody else enters is taken in with the others, with all evidence', async () => {
    await using world = await openWorld('postgres', NOW)
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
    let importing: Promise<subscribers.Imported> | undefined
    await world.db.transaction().execute(async (db) => {
      await db
        .insertInto('subscriber')
        .values({
          public_id: 'x',
          address_hash: addressHash('b@example.org' as Email),
          address: 'b@example.org',
          created_at: 0 as never,
        })
        .execute()
      importing = load(world, 'email,name\na@example.org,A\nb@example.org,B\nc@example.org,C\n')
      await waiting(world)
    })
    expect(await importing).toMatchObject({ added: 3, rejected: [] })
    for (const who of ['a', 'b', 'c']) {
      const { subscriptions, consents } = (await subscribers.show(world.db, `${who}@example.org`)) as never as Shown
      expect([who, subscriptions.map(({ state }) => state), consents.map(({ kind }) => kind)]).toEqual([
        who,
        ['active'],
        ['imported'],
      ])
    }
    const entries = await world.db.selectFrom('import_entry').select(['kind', 'row_id']).execute()
    expect(entries).toHaveLength(3)
    expect(await subscribers.undoImport(world, 'cli', 1)).toMatchObject({})
    expect(await world.db.selectFrom('subscription').select('id').execute()).toEqual([])
  })
})

type Shown = { subscriptions: { state: string }[]; consents: { kind: string }[] }

async function load(world: World, text: string): Promise<subscribers.Imported> {
  return subscribers.importCsv(world, 'cli', Readable.from([Buffer.from(text)]), { list: 'daily' })
}

/** Until some transaction waits for another's end. */
async function waiting(world: World): Promise<void> {
  for (;;) {
    const { rows } =
      await sql`select from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'`.execute(
        world.db,
      )
    if (rows.length > 0) return
    await setTimeout(10)
  }
}

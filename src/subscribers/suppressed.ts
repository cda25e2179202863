import { setImmediate } from 'node:timers/promises'
import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Db, SuppressionTable } from '../../db/schema.ts'
import { addressHash, email } from '../address.ts'

/** Which suppressions: `address` is a whole one, found by its hash also where only that was kept; `reason` is how it begins. */
export type Sought = { address?: string; reason?: string }

const STRETCH = 20_000 // ids in one statement

/** The latest suppressions that are sought, at most `limit`; `after` continues below this id. `next` is undefined at the end. */
export async function suppressed(
  db: Db,
  { address, reason }: Sought,
  { limit = 50, after }: { limit?: number; after?: number } = {},
): Promise<{ rows: Selectable<SuppressionTable>[]; next?: number }> {
  if (address !== undefined) return { rows: await ofAddress(db, address) }
  const rows: Selectable<SuppressionTable>[] = []
  const top = (await newest(db)) + 1
  for (let below = Math.min(after ?? top, top); below > 0 && rows.length <= limit; below -= STRETCH) {
    rows.push(...(await stretch(db, reason, below, limit + 1 - rows.length)))
    await setImmediate() // the web server's turn
  }
  const next = rows.length > limit ? rows[limit - 1]!.id : undefined
  return { rows: rows.slice(0, limit), ...(next !== undefined && { next }) }
}

async function ofAddress(db: Db, address: string): Promise<Selectable<SuppressionTable>[]> {
  return db
    .selectFrom('suppression')
    .selectAll()
    .where('address_hash', '=', addressHash(email(address)))
    .execute()
}

async function stretch(db: Db, reason: string | undefined, below: number, limit: number) {
  const beginning = `${(reason ?? '').toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
  return db
    .selectFrom('suppression')
    .selectAll()
    .where('id', '<', below)
    .where('id', '>=', below - STRETCH)
    .$if(reason !== undefined, (query) => query.where(sql<boolean>`lower(reason) like ${beginning} escape '\\'`))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

async function newest(db: Db): Promise<number> {
  const row = await db
    .selectFrom('suppression')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

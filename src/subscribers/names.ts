import { setTimeout } from 'node:timers/promises'
import { kindOf } from '../../db/database.ts'
import { enterNames, forgetNames } from '../../db/readers.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { fold } from '../text.ts'

const LEAST = 50 // names in one transaction
const MOST = 1000
const AIM = { sqlite: 7, postgres: 50 } // ms of one: SQLite works in the thread that answers visitors
const REST = 0.5 // of that time is theirs afterwards

/**
 * Lets the search learn the names that are new or have changed since it last did (a trigger notes them), the latest first.
 * Stops after `patience` milliseconds, or when asked to. Answers whether all are learnt.
 */
export async function learnNames(
  app: Pick<App, 'db'>,
  { patience = Number.POSITIVE_INFINITY, signal }: { patience?: number; signal?: AbortSignal } = {},
): Promise<boolean> {
  const until = performance.now() + patience
  const aim = AIM[kindOf(app.db)]
  let size = 200
  while (performance.now() < until && !signal?.aborted) {
    const { learnt, took } = await app.db.transaction().execute((db) => learnSome(db, size))
    if (learnt < size) return true
    size = Math.round(Math.min(MOST, Math.max(LEAST, size / 2, Math.min(size * 1.5, (size * aim) / took))))
    await setTimeout(took * REST)
  }
  return false
}

/** The notes go first: a name that changes after that waits for us on PostgreSQL, and notes itself anew. */
async function learnSome(db: Db, most: number): Promise<{ learnt: number; took: number }> {
  const began = performance.now()
  const notes = await db
    .deleteFrom('name_change')
    .where('subscriber_id', 'in', (eb) =>
      eb.selectFrom('name_change').select('subscriber_id').orderBy('subscriber_id', 'desc').limit(most),
    )
    .returning('subscriber_id')
    .execute()
  const ids = notes.map((row) => row.subscriber_id)
  const rows = await db.selectFrom('subscriber').select(['id', 'name']).where('id', 'in', ids).execute()
  const named = rows.flatMap(({ id, name }) => (name ? [{ id, folded: spelled(fold(name)) }] : []))
  const kept = new Set(named.map((row) => row.id))
  await enterNames(db, named)
  await forgetNames(
    db,
    ids.filter((id) => !kept.has(id)),
  )
  return { learnt: ids.length, took: performance.now() - began }
}

/** A folded name with what is written as one word or as two, written the other way, too: «عبدالله» and «عبد الله». */
function spelled(folded: string): string {
  const apart = folded.matchAll(/(?<!\p{L})عبد[ -](\p{L}+)/gu).map(([, of]) => `عبد${of}`)
  const together = folded.matchAll(/(?<!\p{L})عبد(\p{L}{3,})/gu).map(([, of]) => `عبد ${of}`)
  return [folded, ...apart, ...together].join(' ')
}

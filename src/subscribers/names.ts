import { setImmediate } from 'node:timers/promises'
import { enterNames, forgetNames } from '../../db/readers.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { fold } from '../text.ts'

const CHUNK = 1000 // names in one transaction: about ten milliseconds

/**
 * Lets the search learn the names that are new or have changed since it last did (a trigger notes them), the latest first.
 * Stops after `patience` milliseconds, or when asked to. Answers whether all are learnt.
 */
export async function learnNames(
  app: Pick<App, 'db'>,
  { patience = Number.POSITIVE_INFINITY, signal }: { patience?: number; signal?: AbortSignal } = {},
): Promise<boolean> {
  const until = performance.now() + patience
  while (performance.now() < until && !signal?.aborted) {
    if ((await app.db.transaction().execute(learnSome)) < CHUNK) return true
    await setImmediate() // the web server's turn
  }
  return false
}

/** The notes go first: a name that changes after that waits for us on PostgreSQL, and notes itself anew. */
async function learnSome(db: Db): Promise<number> {
  const notes = await db
    .deleteFrom('name_change')
    .where('subscriber_id', 'in', (eb) =>
      eb.selectFrom('name_change').select('subscriber_id').orderBy('subscriber_id', 'desc').limit(CHUNK),
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
  return ids.length
}

/** A folded name with what is written as one word or as two, written the other way, too: «عبدالله» and «عبد الله». */
function spelled(folded: string): string {
  const apart = folded.matchAll(/(?<!\p{L})عبد[ -](\p{L}+)/gu).map(([, of]) => `عبد${of}`)
  const together = folded.matchAll(/(?<!\p{L})عبد(\p{L}{3,})/gu).map(([, of]) => `عبد ${of}`)
  return [folded, ...apart, ...together].join(' ')
}

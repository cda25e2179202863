import type { Instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import type { Actor } from './app.ts'

/** One line of the trail: `verb` is noun.verb, `subject` names one thing (`article:k3f…`), without addresses. */
export type Entry = { verb: string; subject: string; before?: unknown; after?: unknown }

/** Writes the trail, in the transaction of what it tells about. */
export async function record(db: Db, actor: Actor, at: Instant, entries: Entry[]): Promise<void> {
  for (let start = 0; start < entries.length; start += 1000) {
    const rows = entries.slice(start, start + 1000).map(({ verb, subject, before, after }) => ({
      actor,
      verb,
      subject,
      before: before === undefined ? null : JSON.stringify(before),
      after: after === undefined ? null : JSON.stringify(after),
      at,
    }))
    await db.insertInto('change').values(rows).execute()
  }
}

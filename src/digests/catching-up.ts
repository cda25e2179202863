import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as calendar from './calendar.ts'
import { countAllAsTold, countAsTold } from './stories.ts'

/** What a digest has told elsewhere: these stories, or, where nobody knows, all that was published until then. */
export type Told = { digest: number; stories: string[] } | { digest: number; until: Instant }

/** What every digest may have told until a moment, by a database that nobody can ask. */
export async function everything(db: Db, until: Instant): Promise<Told[]> {
  const digests = await db.selectFrom('digest').select('id').execute()
  return digests.map(({ id }) => ({ digest: id, until }))
}

/** These stories count as told, and what these digests' hours brought since is not made up. Answers how many hours. */
export async function passOver(db: Db, told: Told[], now: Instant): Promise<number> {
  for (const one of told) {
    if ('until' in one) await countAllAsTold(db, one.digest, one.until, now)
    else await countAsTold(db, one.digest, one.stories, now)
  }
  const ids = [...new Set(told.map(({ digest }) => digest))]
  const due = await db
    .selectFrom('slot')
    .selectAll()
    .where('digest_id', 'in', ids)
    .where('next_at', '<=', now)
    .where('ended_at', 'is', null)
    .execute()
  for (const slot of due) {
    const { on, at } = calendar.next(slot, now)
    await db.updateTable('slot').set({ next_on: on, next_at: at }).where('id', '=', slot.id).execute()
  }
  return due.length
}

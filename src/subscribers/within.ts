import type { Db } from '../../db/schema.ts'
import type { Candidate } from './admitting.ts'
import { without } from './choices.ts'
import type { Known } from './known.ts'
import type { List } from './lists.ts'

/* What somebody may say of readers who is responsible for one list alone. */

/** Of the reader on every list. */
const SHARED = new Set(['name', 'fields'])
const AT_ONCE = 500 // ids in one question

/** What a file says, for one list: whose mailbox is dead has left it, and may be on others. */
export function ofOneList(candidate: Candidate): Candidate {
  return candidate.fate === 'bounced' ? { ...candidate, fate: 'left' } : candidate
}

/** The same candidates, without what belongs to other lists too where these know the reader. */
export async function withoutShared(
  db: Db,
  list: List,
  candidates: Candidate[],
  found: Map<number, Known>,
): Promise<Candidate[]> {
  const telling = [...found].filter(([n, { id }]) => id !== null && tellsShared(candidates[n]!))
  const elsewhere = await knownElsewhere(db, list, telling.map(([, { id }]) => id!)) // biome-ignore format: one line
  return candidates.map((one, n) => (elsewhere.has(found.get(n)?.id ?? 0) ? without(one, SHARED) : one))
}

function tellsShared({ name, more }: Candidate): boolean {
  return name !== undefined || more?.fields !== undefined
}

async function knownElsewhere(db: Db, list: List, ids: number[]): Promise<Set<number>> {
  const elsewhere = new Set<number>()
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const rows = await db
      .selectFrom('subscription')
      .select('subscriber_id')
      .distinct()
      .where('subscriber_id', 'in', ids.slice(start, start + AT_ONCE))
      .where('list_id', '<>', list.id)
      .execute()
    for (const { subscriber_id } of rows) elsewhere.add(subscriber_id)
  }
  return elsewhere
}

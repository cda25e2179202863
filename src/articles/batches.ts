import type { Db } from '../../db/schema.ts'
import { printable } from '../text.ts'
import { type Draft, fingerprint } from './draft.ts'
import type { Published } from './publish.ts'

/** What became of the lines; `rejected` names the first thousand that could not be used, `rejectedInAll` counts them. */
export type Imported = Published & { rejected: { line: number; reason: string }[]; rejectedInAll: number }

const BATCH = 500
const HEAVY = 8_000_000 // bytes of what was read for a batch
const MOST_REASONS = 1000 // named line by line; beyond it they are only counted

/** An import that has not begun. */
export function nothingYet(): Imported {
  return { added: 0, revised: 0, unchanged: 0, rejected: [], rejectedInAll: 0 }
}

/** Notes that a line cannot be used. */
export function refuse(done: Imported, line: number, reason: string): void {
  done.rejectedInAll++
  if (done.rejected.length < MOST_REASONS) done.rejected.push({ line, reason: printable(reason) })
}

/**
 * Gathers drafts into batches, of each guid one, does the work for each batch and adds up what it answers. `weight` is how
 * much was read for a draft; `flush` does what is left.
 */
export function inBatches(done: Published, work: (drafts: Draft[]) => Promise<Published>) {
  const waiting = new Map<string, Draft>()
  let weighed = 0
  async function flush(): Promise<void> {
    const sum = waiting.size > 0 ? await work([...waiting.values()]) : { added: 0, revised: 0, unchanged: 0 }
    done.added += sum.added
    done.revised += sum.revised
    done.unchanged += sum.unchanged
    waiting.clear()
    weighed = 0
  }
  async function take(draft: Draft, weight: number): Promise<void> {
    if (waiting.size === BATCH || weighed > HEAVY || waiting.has(draft.guid)) await flush() // the later revises the earlier
    waiting.set(draft.guid, draft)
    weighed += weight
  }
  return { take, flush }
}

/** The work of a dry run: what publishing these drafts of the desk's and the import's would come to. Changes nothing. */
export function foreseeing(db: Db): (drafts: Draft[]) => Promise<Published> {
  const told = new Map<string, string>() // fingerprints by guid: what would be there by now
  return async (drafts) => {
    const guids = drafts.map((draft) => draft.guid)
    const rows = await db
      .selectFrom('article')
      .select(['guid', 'fingerprint', 'withdrawn_at'])
      .where('source_id', '=', 0)
      .where('guid', 'in', guids)
      .execute()
    const known = new Map(rows.map((row) => [row.guid, row]))
    const sum: Published = { added: 0, revised: 0, unchanged: 0 }
    for (const draft of drafts) {
      const print = fingerprint(draft)
      const before = told.get(draft.guid) ?? known.get(draft.guid)?.fingerprint
      if (before === undefined) sum.added++
      else if (before === print || (known.get(draft.guid)?.withdrawn_at ?? null) !== null) sum.unchanged++
      else sum.revised++
      told.set(draft.guid, print)
    }
    return sum
  }
}

import type { Selectable } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db, VerdictTable } from '../../db/schema.ts'
import { snapshot } from '../../db/snapshot.ts'
import type { App } from '../app.ts'
import { atMost, type Gate } from '../at-most.ts'
import { type Counted, count, type Reason } from './verify.ts'

/** What came of counting an edition's letters row by row, the last time. */
export type Kept = Omit<Selectable<VerdictTable>, 'edition_id' | 'reasons'> & { reasons: Reason[] }

const DAY = 86_400_000
const AT_ONCE = 100 // editions that are looked for: the next minute finds the others

type Counting = { gate: Gate; editions: Map<number, Promise<void>> }

/** What is being counted in this process, by its database. */
const counting = new WeakMap<App['database'], Counting>()

/**
 * Counts an edition's letters row by row, all as they are at one moment, and keeps what comes of it. Nobody waits meanwhile but
 * whoever wants to count another; who asks for one that is being counted gets that count.
 */
export function recount(app: App, editionId: number): Promise<void> {
  const { gate, editions } = countingOf(app)
  const known = editions.get(editionId)
  if (known !== undefined) return known
  const turn = gate.turn(() => countAndKeep(app, editionId)).finally(() => editions.delete(editionId))
  editions.set(editionId, turn)
  return turn
}

/** Whether this process counts the edition's letters now, or will soon. */
export function isCounting(app: App, editionId: number): boolean {
  return countingOf(app).editions.has(editionId)
}

function countingOf({ database }: App): Counting {
  const known = counting.get(database) ?? { gate: atMost(1), editions: new Map() }
  counting.set(database, known)
  return known
}

async function countAndKeep(app: App, editionId: number): Promise<void> {
  const counted_at = instant(app.now())
  const counted = await snapshot(app.read, (db) => count(db, editionId))
  await keep(app.db, editionId, counted, counted_at)
}

async function keep(db: Db, edition_id: number, counted: Counted, counted_at: Instant): Promise<void> {
  const { addsUp, reconciled: _, reasons, ...numbers } = counted
  const row = { ...numbers, reasons: JSON.stringify(reasons), outcome: addsUp ? 'even' : 'amiss', counted_at }
  await db
    .insertInto('verdict')
    .values({ edition_id, ...row })
    .onConflict((conflict) => conflict.column('edition_id').doUpdateSet(row))
    .execute()
}

/** What came of the last count of each of these editions that was counted. */
export async function verdicts(db: Db, editionIds: number[]): Promise<Map<number, Kept>> {
  const rows = await db.selectFrom('verdict').selectAll().where('edition_id', 'in', editionIds).execute()
  return new Map(
    rows.map(({ edition_id, reasons, ...kept }) => [edition_id, { ...kept, reasons: JSON.parse(reasons) }]),
  )
}

/** Counts the editions that were done within a day and not counted since. */
export async function recountDone(app: App, signal: AbortSignal): Promise<void> {
  const rows = await app.read
    .selectFrom('edition')
    .leftJoin('verdict', 'verdict.edition_id', 'edition.id')
    .select('edition.id')
    .where('edition.state', '=', 'done')
    .where('edition.done_at', '>', later(instant(app.now()), -DAY))
    .where(({ eb, or, ref }) =>
      or([eb('verdict.counted_at', 'is', null), eb('verdict.counted_at', '<', ref('edition.done_at'))]),
    )
    .orderBy('edition.done_at')
    .limit(AT_ONCE)
    .execute()
  for (const { id } of rows) {
    if (signal.aborted) return
    await recount(app, id)
  }
}

import { sql } from 'kysely'
import { skippingLocked, uncertain, waiting } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Database } from '../../db/open.ts'
import type { Db } from '../../db/schema.ts'
import * as follows from '../follows.ts'
import * as brake from './brake.ts'
import * as tally from './tally.ts'
import type { NoticeKey, Task } from './task.ts'

/** Why a letter that is due is not sent. */
type Veto = 'suppressed' | 'left' | 'paused' | 'withdrawn'

/** Who asked to be forgotten may ask to come back. */
const RETURNING = sql`notice.kind = 'confirm' and suppression.reason = 'erased'`

type Claimed = { tasks: Task[]; skipped: number }

/**
 * Takes up to `limit` letters that are due for this sender alone: notices first, then what may have arrived, then editions
 * in turn. With `careful` a large list's first edition begins with a few. Who was suppressed, left or paused meanwhile is skipped here, in the same transaction.
 */
export async function claim(
  database: Database,
  senderId: string,
  now: Instant,
  limit: number,
  careful = false,
): Promise<Claimed> {
  const { kind } = database
  if (!(await isAnyDue(database.read, now))) return { tasks: [], skipped: 0 }
  return database.db.transaction().execute(async (db) => {
    const notices = await claimNotices(db, kind, senderId, now, limit)
    const claimed: Claimed = { ...notices }
    for (const filter of [uncertain('delivery'), waiting('delivery')]) {
      for (const editionId of await frozen(db)) {
        const left = limit - claimed.tasks.length
        if (left <= 0) return claimed
        const most = careful ? await brake.allowance(db, editionId, now) : left
        if (most <= 0) continue
        const more = await claimDeliveries(db, kind, { editionId, filter, senderId, now, limit: Math.min(left, most) })
        claimed.tasks.push(...more.tasks)
        claimed.skipped += more.skipped
      }
    }
    return claimed
  })
}

/** Looks before it is claimed: to write, only to find nothing, would hold up others on SQLite and sync the disk. */
async function isAnyDue(db: Db, now: Instant): Promise<boolean> {
  const notice = db.selectFrom('notice').select('id').where(waiting('notice')).where('due_at', '<=', now).limit(1)
  if (await notice.executeTakeFirst()) return true
  for (const editionId of await frozen(db)) {
    const delivery = db
      .selectFrom('delivery')
      .select('subscriber_id')
      .where('edition_id', '=', editionId)
      .where(waiting('delivery'))
      .where('due_at', '<=', now)
      .limit(1)
    if (await delivery.executeTakeFirst()) return true
  }
  return false
}

/** The editions that may be sent and have something left, in random order, so that none waits for another's end. */
export async function frozen(db: Db): Promise<number[]> {
  const rows = await db
    .selectFrom('edition')
    .select('id')
    .where('state', '=', 'frozen')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('tally')
          .select('n')
          .whereRef('tally.edition_id', '=', 'edition.id')
          .where('tally.state', 'in', ['queued', 'deferred', 'uncertain'])
          .where('n', '>', 0),
      ),
    )
    .execute()
  return rows
    .map((row) => ({ id: row.id, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map((row) => row.id)
}

/** `until`: of what is due by then, instead of by now. */
type Wanted = {
  editionId: number
  filter: ReturnType<typeof waiting>
  senderId: string
  now: Instant
  limit: number
  until?: Instant
}

/** Takes deliveries of one edition, in the caller's transaction; who is not to get one is skipped. */
export async function claimDeliveries(db: Db, kind: Database['kind'], wanted: Wanted): Promise<Claimed> {
  const { editionId, senderId, now } = wanted
  const { free, vetoed } = divided(await due(db, kind, wanted), now)
  const mine = await take(db, editionId, senderId, now, free)
  const moves: tally.Moves = new Map()
  const tasks = free
    .filter((row) => mine.has(row.subscriber_id))
    .map(({ standing: _, paused_until: __, suppressed: ___, outdated: ____, ...row }): Task => {
      tally.note(moves, editionId, row.state, 'claimed')
      return { table: 'delivery', ...row, address: row.address! }
    })
  for (const { veto, row } of vetoed) {
    const skipped = { state: 'skipped', reason: veto }
    await db
      .updateTable('delivery')
      .set(skipped)
      .where('edition_id', '=', editionId)
      .where('subscriber_id', '=', row.subscriber_id)
      .execute()
    tally.note(moves, editionId, row.state, 'skipped')
  }
  const readers = vetoed.map(({ row }) => row.subscriber_id)
  await follows.untell(db, editionId, readers)
  await tally.move(db, moves)
  return { tasks, skipped: vetoed.length }
}

/** What is due of an edition, with all that decides whether it goes. */
async function due(db: Db, kind: Database['kind'], { editionId, filter, now, limit, until = now }: Wanted) {
  const query = db
    .selectFrom('delivery')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .innerJoin('part', 'part.id', 'delivery.part_id')
    .innerJoin('edition', 'edition.id', 'delivery.edition_id')
    .leftJoin('subscription', 'subscription.id', 'delivery.subscription_id')
    .select([
      'delivery.edition_id',
      'part_id',
      'delivery.subscriber_id',
      'subscription_id',
      'delivery.state',
      'attempts',
      'delivery.due_at',
    ])
    .select([
      'doubted_at',
      'relay_id',
      'reply',
      'subscriber.public_id',
      'subscriber.address',
      'edition.public_id as edition_public_id',
    ])
    .select(['subscription.state as standing', 'paused_until', suppressed(), outdated()])
    .where('delivery.edition_id', '=', editionId)
    .where(filter)
    .where('delivery.due_at', '<=', until)
    .orderBy('delivery.due_at')
    .limit(limit)
  return skippingLocked(kind, 'delivery', query).execute()
}

/** Their state is asked again: on PostgreSQL another process may have read the same rows. */
async function take(
  db: Db,
  editionId: number,
  senderId: string,
  now: Instant,
  rows: { subscriber_id: number }[],
): Promise<Set<number>> {
  const ids = rows.map((row) => row.subscriber_id)
  const taken = await db
    .updateTable('delivery')
    .set({ state: 'claimed', sender_id: senderId, claimed_at: now })
    .where('edition_id', '=', editionId)
    .where('subscriber_id', 'in', ids)
    .where(waiting('delivery'))
    .returning('subscriber_id')
    .execute()
  return new Set(taken.map((row) => row.subscriber_id))
}

async function claimNotices(
  db: Db,
  kind: Database['kind'],
  senderId: string,
  now: Instant,
  limit: number,
): Promise<Claimed> {
  // A confirmation goes to whoever asked for it, a goodbye to whoever left; pausing stops no notice.
  const rows = (await dueNotices(db, kind, now, limit)).map((row) => ({
    ...row,
    paused_until: null,
    standing: row.kind === 'welcome' ? row.standing : 'active',
  }))
  const { free, vetoed } = divided(rows, now)
  for (const { veto, row } of vetoed) {
    await db.updateTable('notice').set({ state: 'skipped', reason: veto }).where('id', '=', row.id).execute()
  }
  const taken = await db
    .updateTable('notice')
    .set({ state: 'claimed', sender_id: senderId, claimed_at: now })
    .where(
      'id',
      'in',
      free.map((row) => row.id),
    )
    .where(waiting('notice'))
    .returning('id')
    .execute()
  const mine = new Set(taken.map((row) => row.id))
  return { tasks: free.filter((row) => mine.has(row.id)).map(noticeTask), skipped: vetoed.length }
}

async function dueNotices(db: Db, kind: Database['kind'], now: Instant, limit: number) {
  const query = db
    .selectFrom('notice')
    .leftJoin('subscriber', 'subscriber.id', 'notice.subscriber_id')
    .leftJoin('subscription', 'subscription.id', 'notice.subscription_id')
    .leftJoin('edition', 'edition.id', 'notice.edition_id')
    .select([
      'notice.id',
      'kind',
      'notice.language',
      'notice.state',
      'attempts',
      'notice.due_at',
      'doubted_at',
      'relay_id',
      'reply',
    ])
    .select([
      'notice.subscriber_id',
      'notice.subscription_id',
      'list_id',
      'notice.edition_id',
      'notice.created_at',
      'edition.public_id as edition_public_id',
      'subscriber.public_id',
    ])
    .select(({ fn }) => fn.coalesce('notice.address', 'subscriber.address').as('address'))
    .select([
      'subscription.state as standing',
      suppressed(sql`coalesce(notice.address_hash, subscriber.address_hash)`, RETURNING),
    ])
    .where(waiting('notice'))
    .where('notice.due_at', '<=', now)
    .orderBy('notice.due_at')
    .limit(limit)
  return skippingLocked(kind, 'notice', query).execute()
}

type DueNotice = Awaited<ReturnType<typeof dueNotices>>[number]

function noticeTask({
  standing: _,
  suppressed: __,
  paused_until: ___,
  edition_id,
  list_id,
  created_at,
  edition_public_id,
  ...row
}: DueNotice & { paused_until: null }): Task {
  const { id, language } = row
  const about =
    row.kind === 'report'
      ? {
          table: 'notice' as const,
          id,
          language,
          kind: 'report' as const,
          report_of: edition_id!,
          edition_public_id: edition_public_id!,
          created_at,
        }
      : {
          table: 'notice' as const,
          id,
          language,
          kind: row.kind as NoticeKey['kind'],
          list_id: list_id!,
          created_at,
        }
  const { subscriber_id, subscription_id, public_id, address } = row
  const whom = {
    subscriber_id: subscriber_id ?? 0,
    subscription_id: subscription_id ?? 0,
    public_id: public_id ?? 'report',
  }
  return { ...row, ...about, ...whom, address: address! }
}

type Candidate = {
  address: string | null
  standing: string | null
  paused_until: Instant | null
  suppressed: number
  outdated?: number
}

function divided<Row extends Candidate>(
  rows: Row[],
  now: Instant,
): { free: Row[]; vetoed: { veto: Veto; row: Row }[] } {
  const judged = rows.map((row) => ({ row, veto: veto(row, now) }))
  return {
    free: judged.flatMap(({ row, veto }) => (veto ? [] : [row])),
    vetoed: judged.flatMap(({ row, veto }) => (veto ? [{ row, veto }] : [])),
  }
}

function veto(row: Candidate, now: Instant): Veto | undefined {
  if (row.suppressed) return 'suppressed'
  if (row.standing !== 'active' || row.address === null) return 'left'
  if (row.outdated) return 'withdrawn'
  if (row.paused_until !== null && row.paused_until > now) return 'paused'
  return undefined
}

function suppressed(hash = sql`subscriber.address_hash`, but = sql`false`) {
  return sql<number>`case when exists (select 1 from suppression where suppression.address_hash = ${hash} and not (${but})) then 1 else 0 end`.as(
    'suppressed',
  )
}

/** A revision left nothing of this part: it was on the wire then, and came back. */
function outdated() {
  return sql<number>`case when part.revision < edition.revision then 1 else 0 end`.as('outdated')
}

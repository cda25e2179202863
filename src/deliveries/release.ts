import { sql } from 'kysely'
import { heldBy } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as tally from './tally.ts'
import { keyOf, type Task } from './task.ts'

/** Gives back what a sender has claimed and will not send now: all of it, or these. Answers how many. */
export async function release(db: Db, senderId: string, tasks?: Task[]): Promise<number> {
  const keys = tasks && new Set(tasks.map(keyOf))
  const moves: tally.Moves = new Map()
  const mine = (table: 'delivery' | 'notice') => heldBy(table, senderId, 'claimed')
  const back = {
    sender_id: null,
    state: sql<string>`case when doubted_at is not null then 'uncertain' when attempts > 0 then 'deferred' else 'queued' end`,
  }
  const rows = await db.selectFrom('delivery').select(['edition_id', 'subscriber_id']).where(mine('delivery')).execute()
  const wanted = rows.filter((row) => !keys || keys.has(`${row.edition_id}:${row.subscriber_id}`))
  let n = 0
  for (const editionId of new Set(wanted.map((row) => row.edition_id))) {
    const ids = wanted.filter((row) => row.edition_id === editionId).map((row) => row.subscriber_id)
    const freed = await db
      .updateTable('delivery')
      .set(back)
      .where('edition_id', '=', editionId)
      .where('subscriber_id', 'in', ids)
      .where(mine('delivery'))
      .returning('state')
      .execute()
    for (const row of freed) tally.note(moves, editionId, 'claimed', row.state)
    n += freed.length
  }
  const notices = await db
    .updateTable('notice')
    .set(back)
    .where(mine('notice'))
    .$if(tasks !== undefined, (query) =>
      query.where(
        'id',
        'in',
        tasks!.flatMap((task) => (task.table === 'notice' ? [task.id] : [])),
      ),
    )
    .returning('id')
    .execute()
  await tally.move(db, moves)
  return n + notices.length
}

/** A sender is dead: what it had claimed was not sent, what was on the wire may have arrived and is in doubt for ever. */
export async function inherit(db: Db, senderId: string, now: Instant): Promise<{ released: number; doubted: number }> {
  const released = await release(db, senderId)
  const moves: tally.Moves = new Map()
  const doubt = { state: 'uncertain', doubted_at: now, sender_id: null }
  const onWire = (table: 'delivery' | 'notice') => heldBy(table, senderId, 'submitting')
  const rows = await db.updateTable('delivery').set(doubt).where(onWire('delivery')).returning('edition_id').execute()
  for (const row of rows) tally.note(moves, row.edition_id, 'submitting', 'uncertain')
  const notices = await db.updateTable('notice').set(doubt).where(onWire('notice')).returning('id').execute()
  await tally.move(db, moves)
  await db.deleteFrom('sender').where('id', '=', senderId).execute()
  return { released, doubted: rows.length + notices.length }
}

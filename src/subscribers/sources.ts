import { setImmediate } from 'node:timers/promises'
import { kindOf } from '../../db/database.ts'
import { beginning, domain, named } from '../../db/readers.ts'
import type { Db } from '../../db/schema.ts'
import { type Asked, about, matching } from './conditions.ts'
import { movedSince } from './movement.ts'
import { FIRST_WIDTH, nextWidth } from './stretches.ts'

/** Ids of subscribers, the newest first; all that belong here and are at least `down` are among them. */
export type Stretch = { ids: number[]; down: number }

/** Where subscribers are looked for: the next ones below an id. */
export type Source = (below: number) => Promise<Stretch>

const MOST = 500 // ids that are held at once; where there are more, walking meets them soon
const BATCH = 1000
const LARGEST = { sqlite: 1000, postgres: 20_000 } // ids of names in one statement: SQLite works in this very thread

/** These and no others. */
export function only(ids: number[]): Source {
  const sorted = ids.toSorted((a, b) => b - a)
  return async (below) => {
    const left = sorted.filter((id) => id < below)
    const batch = left.slice(0, BATCH)
    return { ids: batch, down: left.length > BATCH ? batch.at(-1)! : 0 }
  }
}

/** Those whose names hold words that begin with all of these. */
export function byName(db: Db, words: string[]): Source {
  let limit = 100
  return async (below) => {
    await setImmediate() // the web server's turn
    const ids = await named(db, words, below, limit)
    const down = ids.length < limit ? 0 : ids.at(-1)!
    limit = Math.min(LARGEST[kindOf(db)], limit * 10)
    return { ids, down }
  }
}

/** All of whom it is true, by reading one stretch of ids after the other. */
export function walking(db: Db, asked: Asked, limit: number): Source {
  let width = FIRST_WIDTH
  return async (below) => {
    await setImmediate() // the web server's turn
    const above = Math.max(0, below - 1 - width)
    const from = performance.now()
    const ids = await matching(db, asked, { above, below }, limit)
    if (ids.length === limit) return { ids, down: ids.at(-1)! }
    width = nextWidth(db, width, performance.now() - from)
    return { ids, down: above === 0 ? 0 : above + 1 }
  }
}

/** Those whose address begins so, if they are few. */
export async function byStart(db: Db, start: string): Promise<number[] | undefined> {
  const ids = await beginning(db, start, MOST + 1)
  return ids.length > MOST ? undefined : ids
}

/** Those of a domain, if they are few. */
export async function byDomain(db: Db, name: string): Promise<number[] | undefined> {
  const rows = await db
    .selectFrom('subscriber')
    .select('id')
    .where('address', 'is not', null)
    .where(about(domain(kindOf(db)), '=', name) as never)
    .orderBy('id', 'desc')
    .limit(MOST + 1)
    .execute()
  return rows.length > MOST ? undefined : rows.map((row) => row.id)
}

/** Those who joined, or left, since a moment that is asked for, if they are few. */
export async function byMovement(db: Db, asked: Asked): Promise<number[] | undefined> {
  const since = asked.leftAfter ?? asked.joinedAfter
  if (since === undefined || (asked.leftAfter === undefined && asked.state === 'pending')) return undefined
  const lists = asked.list_id === undefined ? asked.within : [asked.list_id]
  const ids = await movedSince(db, asked.leftAfter === undefined ? 'joined' : 'left', since, lists, MOST + 1)
  return ids.length > MOST ? undefined : ids
}

/** Those we may never write to, if they are few. */
export async function bySuppression(db: Db): Promise<number[] | undefined> {
  const { n } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('suppression')
        .select('id')
        .limit(MOST + 1)
        .as('one'),
    )
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .executeTakeFirstOrThrow()
  if (n > MOST) return undefined
  const ids: number[] = []
  for (let last = 0; ; ) {
    const rows = await db
      .selectFrom('suppression')
      .leftJoin('subscriber', 'subscriber.address_hash', 'suppression.address_hash')
      .select(['suppression.id', 'subscriber.id as subscriber_id'])
      .where('suppression.id', '>', last)
      .orderBy('suppression.id')
      .limit(BATCH)
      .execute()
    ids.push(...rows.flatMap((row) => row.subscriber_id ?? []))
    if (rows.length < BATCH) return ids
    last = rows.at(-1)!.id
    await setImmediate()
  }
}

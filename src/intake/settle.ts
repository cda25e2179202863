import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor, App } from '../app.ts'
import type { Item } from '../reading/index.ts'
import type { Site } from '../site.ts'
import type { Source } from '../sources/source.ts'
import { follow } from './follow.ts'
import { renamed } from './renamed.ts'
import type { Row } from './rows.ts'
import * as rows from './rows.ts'
import { welcome } from './welcome.ts'

/** An item on its way in. */
export type Incoming = { key: string; hash: string; item: Item }

/** Everything that settling needs to know besides the items; `present`: the keys of the whole document. */
export type Reading = { source: Source; paper: Site; at: Instant; archive: boolean; present: Set<string> }

/** How many items became what. */
export type Tally = { added: number; revised: number; unchanged: number; held: number; also: number }

/** Puts a few items in their places, in the caller's transaction. */
export async function settle(app: App, db: Db, actor: Actor, reading: Reading, batch: Incoming[]): Promise<Tally> {
  await inTurn(db, 'intake') // two sources with the same story find each other's article
  const known = await rows.rowsOf(
    db,
    reading.source.id,
    batch.map((one) => one.key),
  )
  await renamed(db, reading, batch, known)
  const fresh = batch.filter((one) => isNew(known.get(one.key)))
  const old = batch.flatMap((one) => {
    const row = known.get(one.key)
    return row && !isNew(row) ? [{ ...one, row }] : []
  })
  const first = await welcome(db, actor, reading, fresh, known)
  const again = await follow(app, db, actor, reading, [...old, ...first.adopted])
  const { added, also } = first
  const held = first.held + again.held
  return { added, also, held, revised: again.revised, unchanged: batch.length - added - also - held - again.revised }
}

/** Not seen before, or taken back by its source before it became an article. */
function isNew(row: Row | undefined): boolean {
  return row === undefined || (row.state === 'withdrawn' && row.article_id === null)
}

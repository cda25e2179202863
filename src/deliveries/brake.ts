import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as editions from '../editions.ts'
import * as mail from '../mail.ts'
import * as tally from './tally.ts'

/*
 * The first edition of a large list shows whether its addresses are what they are said to be. It goes to a few, waits for
 * what comes back, and stops itself when too much does: a sender's name is ruined in an hour and mended in a month.
 */
const LARGE = 1000 // readers
const FEW = 500
const REFUSED = 0.05 // of those
const ENOUGH = 100 // letters from which a share can be told

/** Whether letters leave this machine: the brake is for those. */
export function careful({ config }: Pick<App, 'config'>): boolean {
  return config.relays.some((relay) => !mail.onLoopback(relay))
}

/** How many letters of an edition may be claimed now; holds it when the first few are through. */
export async function allowance(db: Db, editionId: number, now: Instant): Promise<number> {
  const states = await tally.of(db, editionId)
  if (!(await isFirst(db, editionId, states))) return Number.POSITIVE_INFINITY
  const n = (...names: string[]) => names.reduce((sum, name) => sum + (states.get(name) ?? 0), 0)
  const tried = n('submitted', 'refused', 'deferred', 'uncertain', 'claimed', 'submitting')
  if (tooManyRefused(states)) await editions.brake(db, editionId, editions.REFUSALS, now)
  else if (tried < FEW) return FEW - tried
  else if (n('claimed', 'submitting') === 0) await editions.brake(db, editionId, editions.FIRST, now)
  return 0
}

/** A relay has refused a letter for who we are (5.7.x): a first edition stops. */
export async function refusedUs(db: Db, editionId: number, now: Instant): Promise<void> {
  if (await isFirst(db, editionId, await tally.of(db, editionId)))
    await editions.brake(db, editionId, editions.REFUSALS, now)
}

/** Whether more of an edition was refused than its list can be trusted with. */
export async function refused(db: Db, editionId: number): Promise<boolean> {
  return tooManyRefused(await tally.of(db, editionId))
}

function tooManyRefused(states: Map<string, number>): boolean {
  const answered = (states.get('submitted') ?? 0) + (states.get('refused') ?? 0)
  return answered >= ENOUGH && (states.get('refused') ?? 0) >= answered * REFUSED
}

/** The first that a large list ever gets, and nobody has let it go on yet. */
async function isFirst(db: Db, editionId: number, states: Map<string, number>): Promise<boolean> {
  if ([...states.values()].reduce((sum, n) => sum + n, 0) <= LARGE) return false
  const row = await db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select('edition.id')
    .where('edition.id', '=', editionId)
    .where('edition.braked_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('digest as other')
            .innerJoin('edition as earlier', 'earlier.digest_id', 'other.id')
            .innerJoin('tally', 'tally.edition_id', 'earlier.id')
            .select('tally.n')
            .whereRef('other.list_id', '=', 'digest.list_id')
            .whereRef('earlier.id', '!=', 'edition.id')
            .where('tally.state', '=', 'submitted')
            .where('tally.n', '>=', FEW),
        ),
      ),
    )
    .executeTakeFirst()
  return row !== undefined
}

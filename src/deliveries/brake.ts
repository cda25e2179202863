import { sql } from 'kysely'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as editions from '../editions.ts'
import * as mail from '../mail.ts'
import { relaysOf } from '../relay-settings.ts'
import * as tally from './tally.ts'

/*
 * The first edition of a large list shows whether its addresses are what they are said to be. It goes to a few, waits for
 * what comes back, and stops itself when too much does: a sender's name is ruined in an hour and mended in a month.
 */
const LARGE = 1000 // readers
const FEW = 500
const REFUSED = 0.05 // of those
const ENOUGH = 100 // letters from which a share can be told
const WRONG = { far: 0.2, near: 0.5 } // of any edition's: no list is as bad as that, and many a broken relay is
const CAME_BACK = ['hard', 'soft', 'policy'] // bounces that say as much as a refusal

/** Whether letters leave this machine: the brake is for those. */
export function careful(app: Pick<App, 'config' | 'database'>): boolean {
  return relaysOf(app).some((relay) => !mail.onLoopback(relay))
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

/** Whether more of an edition was refused, or came back since, than its list can be trusted with. */
export async function refused(db: Db, editionId: number): Promise<boolean> {
  return tooManyRefused(await tally.of(db, editionId), await cameBack(db, editionId))
}

/**
 * Some letters of an edition were refused. Where so many are that it says more of the relay than of the readers, the edition
 * is held; true if it was just now. On this machine, where own mail servers and tests are, it takes more.
 */
export async function stopWrong(db: Db, editionId: number, now: Instant, far: boolean): Promise<boolean> {
  const { share, answered } = shareOf(await tally.of(db, editionId))
  return answered >= ENOUGH && share > (far ? WRONG.far : WRONG.near) && editions.stop(db, editionId, now)
}

/** Whether so much of an edition was refused that no reader should be struck off for it. */
export async function mostlyRefused(db: Db, editionId: number): Promise<boolean> {
  const { share, answered } = shareOf(await tally.of(db, editionId), await cameBack(db, editionId))
  return answered >= ENOUGH && share > WRONG.far
}

/** How many readers' letters of an edition came back after a relay had taken them. */
async function cameBack(db: Db, editionId: number): Promise<number> {
  const { n } = await db
    .selectFrom('bounce')
    .select(({ fn, cast }) => cast<number>(fn.count('subscriber_id').distinct(), 'integer').as('n'))
    .where('edition_id', '=', editionId)
    .where(sql<boolean>`kind in (${sql.join(CAME_BACK.map((kind) => sql.lit(kind)))})`)
    .where('via', '!=', 'smtp')
    .executeTakeFirstOrThrow()
  return n
}

function tooManyRefused(states: Map<string, number>, returned = 0): boolean {
  const { share, answered } = shareOf(states, returned)
  return answered >= ENOUGH && share >= REFUSED
}

function shareOf(states: Map<string, number>, returned = 0): { share: number; answered: number } {
  const no = states.get('refused') ?? 0
  const answered = (states.get('submitted') ?? 0) + no
  return { share: (no + returned) / Math.max(1, answered), answered }
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

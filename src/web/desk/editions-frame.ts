import { Problem } from '../../problem.ts'
import type { Asking } from './routes.ts'

/** The list that a page about an edition is about; 0, which is everybody's, for an edition that is not there. */
export async function listOfEdition(asking: Asking): Promise<number> {
  return (await look(asking))?.list_id ?? 0
}

export type Shown = NonNullable<Awaited<ReturnType<typeof look>>>

/** The edition that the address names, with its digest and its hour's zone, or a Problem. */
export async function edition(asking: Asking): Promise<Shown> {
  const found = await look(asking)
  if (!found) throw new Problem('page-not-found')
  return found
}

async function look({ app, params }: Asking) {
  const id = params['edition'] ?? ''
  if (!/^[a-z0-9]{11}$/.test(id)) return undefined
  return app.db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .innerJoin('slot', 'slot.id', 'edition.slot_id')
    .selectAll('edition')
    .select(['digest.slug', 'digest.title', 'digest.list_id', 'slot.zone', 'slot.minute', 'slot.weekdays'])
    .where('edition.public_id', '=', id)
    .executeTakeFirst()
}

import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** An edition that should be further: its hour came and it is not composed, or it is composed and nobody sends it. */
export type Late = { digest: string; day: string; why: 'not composed' | 'not sent' }

const PATIENCE = 900_000 // ms

/** The editions that are a quarter of an hour late. What is held waits for somebody's word and is not late. */
export async function late(db: Db, now: Instant): Promise<Late[]> {
  const before = later(now, -PATIENCE)
  const { held_for } = await db.selectFrom('home').select('held_for').executeTakeFirstOrThrow()
  if (held_for) return []
  const missed = await db
    .selectFrom('slot')
    .innerJoin('digest', 'digest.id', 'slot.digest_id')
    .select(['digest.slug as digest', 'next_on as day'])
    .where('next_at', '<', before)
    .where('ended_at', 'is', null)
    .execute()
  const begun = await db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['edition.id', 'digest.slug as digest', 'day', 'edition.state'])
    .where('edition.state', 'in', ['composing', 'frozen'])
    .where('edition.composed_at', '<', before)
    .execute()
  const counted = await db
    .selectFrom('tally')
    .select(['edition_id', 'state'])
    .where(
      'edition_id',
      'in',
      begun.map(({ id }) => id),
    )
    .where('n', '>', 0)
    .where('state', 'in', ['queued', 'claimed', 'submitting'])
    .execute()
  const isSending = counted.some(({ state }) => state !== 'queued') // one after the other is not late
  const waits = (id: number) => counted.some((row) => row.edition_id === id && row.state === 'queued')
  return [
    ...missed.map(({ digest, day }) => ({ digest, day, why: 'not composed' as const })),
    ...begun.flatMap(({ id, state, digest, day }): Late[] => {
      if (state === 'composing') return [{ digest, day, why: 'not composed' }]
      return waits(id) && !isSending ? [{ digest, day, why: 'not sent' }] : []
    }),
  ]
}

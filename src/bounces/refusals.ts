import { sql } from 'kysely'
import { instant, later } from '../../db/instant.ts'
import { wordsOf } from '../address.ts'
import type { App } from '../app.ts'
import { judged } from './status.ts'
import { take } from './take.ts'

const LATELY = 7 * 86_400_000 // ms since an edition was composed
const AT_ONCE = 500 // refusals; the next minute sees the rest

/** Takes in what relays have refused to their faces (5xx): it says as much of a reader as a bounce does. */
export async function noteRefusals(app: App): Promise<void> {
  for (const { edition_id, subscriber_id, reply } of await unnoted(app)) {
    const words = reply ?? ''
    const finding = { ...judged(null, words), words: wordsOf(words) }
    await take(app, { edition_id, subscriber_id, ...finding, via: 'smtp', key: `smtp ${edition_id} ${subscriber_id}` })
  }
}

async function unnoted({ read, now }: App) {
  return read
    .selectFrom('edition')
    .innerJoin('delivery', 'delivery.edition_id', 'edition.id')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .select(['delivery.edition_id', 'delivery.subscriber_id', 'delivery.reply'])
    .where('edition.composed_at', '>', later(instant(now()), -LATELY))
    .where(sql<boolean>`delivery.state = 'refused'`) // a bound value would not find the partial index
    .where('subscriber.address', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('bounce')
            .select('bounce.id')
            .whereRef('bounce.subscriber_id', '=', 'delivery.subscriber_id')
            .whereRef('bounce.edition_id', '=', 'delivery.edition_id'),
        ),
      ),
    )
    .limit(AT_ONCE)
    .execute()
}

import { instant, later } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Source } from './source.ts'

const WEEK = 604_800_000
const ENOUGH = 1000 // beyond it the interval is the shortest anyhow

/** How many stories of the last week we hold of a source. */
export async function perWeekOf(app: App, source: Source): Promise<number> {
  const rows = await app.read
    .selectFrom('article')
    .select('id')
    .where('source_id', '=', source.id)
    .where('withdrawn_at', 'is', null)
    .where('published_at', '>', later(instant(app.now()), -WEEK))
    .orderBy('published_at', 'desc') // so that the dates' index is walked, and not all of the source's stories
    .limit(ENOUGH)
    .execute()
  return rows.length
}

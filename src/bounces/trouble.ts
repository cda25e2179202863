import { sql } from 'kysely'
import { instant, later } from '../../db/instant.ts'
import type { App } from '../app.ts'

const LATELY = 86_400_000 // ms
const NAMED = 5 // domains

/** Where inboxes refused us for our own reputation (5.7.x) in the last day, the most first: `gmail.com 12, …`; undefined when nowhere. */
export async function trouble(app: App): Promise<string | undefined> {
  const rows = await app.read
    .selectFrom('bounce')
    .select('domain')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where(sql<boolean>`kind = 'policy'`) // a bound value would not find the partial index
    .where('at', '>', later(instant(app.now()), -LATELY))
    .groupBy('domain')
    .execute()
  if (rows.length === 0) return undefined
  const most = rows.toSorted((a, b) => b.n - a.n || a.domain.localeCompare(b.domain))
  const more = most.length > NAMED ? ` and ${most.length - NAMED} more` : ''
  return `${most
    .slice(0, NAMED)
    .map(({ domain, n }) => `${domain} ${n}`)
    .join(', ')}${more}`
}

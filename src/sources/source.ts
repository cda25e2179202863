import type { Selectable } from 'kysely'
import type { SourceTable } from '../../db/schema.ts'
import type { Notes } from '../reading/index.ts'

/** A partner's feed or site, or the newsroom's own, that we read. */
export type Source = Selectable<SourceTable>

/** What an editor decides about a source; what is left out is the default that `Source` names first. */
export type Settings = {
  title?: string
  language?: string
  zone?: string
  date_order?: 'day' | 'month' | 'auto'
  section?: string
  credit?: string
  charset?: string
  relation?: 'own' | 'partner'
  body?: 'full' | 'link'
  intake?: 'publish' | 'hold'
  first?: 'archive' | 'news'
  pictures?: 'keep' | 'leave'
}

/**
 * How the last reading went, kept as JSON. `perWeek` is how many stories it brings in a week, `moved` what came of an address
 * that it names as its new one.
 */
export type Report = {
  notes?: Notes
  items?: number
  added?: number
  revised?: number
  held?: number
  also?: number
  withdrawn?: number
  perWeek?: number
  moved?: string
}

/**
 * What one poll came to. `retryAfter` in seconds; `again`: there is more to fetch at once (a back-fill); `report` may tell how
 * it went, for `source show`.
 */
export type Polled = {
  status: 'ok' | 'notmodified' | 'gone' | 'backoff' | 'error'
  newUrl?: string
  retryAfter?: number
  error?: string
  again?: boolean
  report?: Report
}

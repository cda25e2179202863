import type { Instant } from '../instant.ts'

/**
 * The paper's identity: one row. `version` moves with whatever a reader can see (articles, channels, this row); the standing
 * pages (about … imprint) are cleaned HTML, '' where there is none.
 */
export interface SiteTable {
  id: number
  name: string
  tagline: string
  logo_id: number | null
  accent: string
  language: string
  zone: string
  sender: string | null
  reply_to: string | null
  report_to: string | null
  postal_address: string
  version: number
  changed_at: Instant
  about: string
  contact: string
  privacy: string
  imprint: string
}

/** A setting that holds a secret, closed with the key ring (src/keys.ts). */
export interface SealedTable {
  name: string
  value: string
}

/** How many days (of backups: how many) one `kind` of things is kept (src/retention.ts); null is for ever. No row: as usual. */
export interface RetentionTable {
  kind: string
  days: number | null
}

/** The tables of the paper itself. */
export interface SiteTables {
  site: SiteTable
  sealed: SealedTable
  retention: RetentionTable
}

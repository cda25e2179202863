import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * What one may join. `visibility` is 'public' (anybody may ask) or 'private' (by import only). `single_opt_in` is why who asks
 * need not confirm, null where they must.
 */
export interface ListTable {
  id: Generated<number>
  slug: string
  title: string
  language: string
  sender: string | null
  reply_to: string | null
  visibility: string
  created_at: Instant
  single_opt_in: string | null
}

/** A list's own letter in its own words. `kind`: welcome or goodbye. With an empty `body` it is sent in ours. */
export interface ListLetterTable {
  list_id: number
  kind: string
  language: string
  subject: string
  body: string
}

/** A part of a list: its readers for whom `rule` (JSON, segments.Rule) is true. */
export interface SegmentTable {
  id: Generated<number>
  slug: string
  title: string
  list_id: number
  rule: string
  created_at: Instant
}

/** The tables of lists and parts of lists. */
export interface ListsTables {
  list: ListTable
  list_letter: ListLetterTable
  segment: SegmentTable
}

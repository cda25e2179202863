import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * Where articles come from; row 0 is the desk and the import.
 *
 * `kind`: desk, feed or wordpress. `relation`: own (the newsroom's own site: guids are kept) or partner. `home` is the site's
 * address, `host` whom we ask. `date_order` of dates like 04/12/2025: day, month or auto. `body`: full or link. `intake`:
 * publish or hold. `first`: what comes with the first reading is archive or news. `pictures`: keep or leave.
 * `report` is JSON (sources.Report): how the last reading went. `cursor` is JSON: how far a mirror has come. `pause` is the
 * interval between polls in milliseconds, `failures` how many went wrong in a row, `error` why the last did.
 */
export interface SourceTable {
  id: Generated<number>
  url: string
  title: string
  language: string | null
  zone: string | null
  section: string | null
  credit: string | null
  created_at: Instant
  kind: Generated<string>
  relation: Generated<string>
  home: Generated<string>
  host: Generated<string>
  date_order: Generated<string>
  body: Generated<string>
  intake: Generated<string>
  first: Generated<string>
  pictures: Generated<string>
  report: Generated<string>
  charset: string | null
  etag: string | null
  last_modified: string | null
  cursor: string | null
  error: string | null
  due_at: Instant | null
  read_at: Instant | null
  polled_at: Instant | null
  fresh_at: Instant | null
  paused_at: Instant | null
  ended_at: Instant | null
  failures: Generated<number>
  pause: Generated<number>
}

/** Who is being asked by which poller (`holder`), until when: one request at a time per host, over all processes. */
export interface SourceHostTable {
  host: string
  held_until: Instant
  holder: string
}

/**
 * What an item of a source became. `key` is its guid in the one spelling that flips of scheme and host share. `state`:
 * published, also (another source's article tells it), held (a draft waits for review), refused, withdrawn (by its source).
 * `hash` is of the item as read, `draft` JSON (intake.Waiting): what waits for review, also a change to what was released.
 * `dated_at` is the date that its source gave, null where it gave none. `missing_at`: from then on its page may be asked
 * whether it is gone. `let_go` is what waited before it was last released or refused, so that this can be taken back.
 */
export interface SourceItemTable {
  source_id: number
  key: string
  guid: string
  link: string | null
  link_key: string | null
  state: string
  article_id: number | null
  hash: string
  draft: string | null
  let_go: string | null
  dated_at: Instant | null
  first_at: Instant
  seen_at: Instant
  missing_at: Instant | null
}

/**
 * A post of a mirrored WordPress site, by its number there. `state`: taken, skipped (protected, broken, empty) or gone. With
 * `missing_at` it was not listed then, and has yet to be asked for.
 */
export interface WordpressPostTable {
  source_id: number
  number: number
  guid: string
  state: string
  modified_at: Instant | null
  missing_at: Instant | null
}

/** The tables of where articles come from, and what was read there. */
export interface SourcesTables {
  source: SourceTable
  source_host: SourceHostTable
  source_item: SourceItemTable
  wordpress_post: WordpressPostTable
}

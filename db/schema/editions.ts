import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * One day's digest. `state`: composing → frozen → held | done, or skipped. `cursor` is the last subscription queued;
 * `judged_at` the moment that readers and stories were chosen by (null: `composed_at`); `left_out` the ids of the articles that
 * the newsroom left out of it (JSON). From `forgotten_at` on it is no longer kept who got it, only its tally.
 */
export interface EditionTable {
  id: Generated<number>
  public_id: string
  digest_id: number
  day: string
  slot_id: number
  revision: number
  state: string
  reason: string | null
  subject: string | null
  stories: number
  to_seq: number
  cursor: number
  due_at: Instant
  composed_at: Instant
  frozen_at: Instant | null
  held_at: Instant | null
  done_at: Instant | null
  braked_at: Instant | null
  reported_at: Instant | null
  complained_at: Instant | null
  stopped_at: Instant | null
  judged_at: Instant | null
  left_out: string | null
  forgotten_at: Instant | null
}

/**
 * One rendering for all who share it; `html` and `text` hold fixed runs and slots (letters.ts). `sections` tells parts apart
 * that begin with the same story and hold others after it.
 */
export interface PartTable {
  id: Generated<number>
  edition_id: number
  revision: number
  from_seq: number
  to_seq: number
  language: string
  sections: string
  format: string
  stories: number
  subject: string
  html: string
  text: string
}

/** `form` is 'full' or 'headline'. */
export interface PartArticleTable {
  part_id: number
  position: number
  article_id: number
  form: string
}

/** The tables of editions and their renderings. */
export interface EditionsTables {
  edition: EditionTable
  part: PartTable
  part_article: PartArticleTable
}

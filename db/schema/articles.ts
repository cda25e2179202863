import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * One story. `guid` is its source's name for it, `entry_id` the one that feeds carry: both never change.
 * `fingerprint` is of the draft, so that a second import sees "unchanged". `link_key` and `title_key` tell the same story of
 * two sources; with `archived_at` it came with a source's first reading and is no news for digests. `pictured_at` is when
 * we last came to keep a picture of its body: no revision, but pages and feeds show it.
 */
export interface ArticleTable {
  id: Generated<number>
  public_id: string
  source_id: number
  guid: string
  entry_id: string
  url: string | null
  title: string
  body_html: string
  summary: string | null
  excerpt: string
  language: string
  section: string | null
  section_key: string | null
  credit: string | null
  image_id: number | null
  image_url: string | null
  image_alt: string | null
  image_caption: string | null
  image_credit: string | null
  fingerprint: string
  published_at: Instant
  updated_at: Instant
  created_at: Instant
  revised_at: Instant | null
  withdrawn_at: Instant | null
  withdrawn_reason: string | null
  link_key: string | null
  title_key: string | null
  archived_at: Instant | null
  pictured_at: Instant | null
}

/** Where a story stood before, as db/addresses.ts spells it; one address may have been several stories'. */
export interface ArticleAddressTable {
  address: string
  article_id: number
}

/** What a slug of the newsroom's old site meant: `by` is category, tag or author. */
export interface FormerNameTable {
  by: string
  slug: string
  name: string
}

export interface TagTable {
  id: Generated<number>
  key: string
  name: string
}

export interface ArticleTagTable {
  article_id: number
  tag_id: number
  position: number
}

export interface AuthorTable {
  id: Generated<number>
  key: string
  name: string
}

export interface ArticleAuthorTable {
  article_id: number
  author_id: number
  position: number
}

/**
 * What somebody is writing: `typed` is JSON, the form's fields as they were typed. `base` is the fingerprint of the article
 * that it began from; `version` grows with each saving, so that the later of two is told of the other.
 */
export interface ArticleDraftTable {
  id: Generated<number>
  public_id: string
  article_id: number | null
  account_id: number
  base: string | null
  typed: string
  version: number
  created_at: Instant
  saved_at: Instant
}

/** What an article said until `at`, when `actor` changed it; `said` is JSON (articles.Said). */
export interface ArticleRevisionTable {
  id: Generated<number>
  article_id: number
  actor: string
  said: string
  at: Instant
}

/** The story that leads the front page, until then. */
export interface LeadPinTable {
  article_id: number
  until_at: Instant
  pinned_at: Instant
}

/** The tables of articles and what they are found by. */
export interface ArticlesTables {
  article: ArticleTable
  article_address: ArticleAddressTable
  article_draft: ArticleDraftTable
  article_revision: ArticleRevisionTable
  lead_pin: LeadPinTable
  former_name: FormerNameTable
  tag: TagTable
  article_tag: ArticleTagTable
  author: AuthorTable
  article_author: ArticleAuthorTable
}

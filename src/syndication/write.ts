import { writeAtom } from './atom.ts'
import type { Entry } from './entry.ts'
import type { Head } from './head.ts'
import { writeJson } from './json.ts'
import { writeRss } from './rss.ts'

/** The three documents of a stream. */
export type Format = 'rss' | 'atom' | 'json'
export const formats: Format[] = ['rss', 'atom', 'json']

/** Their types, without the charset. */
export const TYPES = { rss: 'application/rss+xml', atom: 'application/atom+xml', json: 'application/feed+json' }

/** The document's text. */
export function write(head: Head, entries: Entry[], format: Format): string {
  return { rss: writeRss, atom: writeAtom, json: writeJson }[format](head, entries)
}

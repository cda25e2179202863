import { wellFormed } from '../text.ts'
import type { Decoded } from './charset.ts'
import { entries, MOST_ITEMS, openScan, type Scan } from './entries.ts'
import { drop, type Entry, toItem } from './entry.ts'
import type { Document, Item, Notes, Origin } from './item.ts'
import { jsonEntry, readJson } from './json.ts'
import type { Family } from './names.ts'
import { type Fields, parseHead, parseItems } from './parser.ts'
import { rootOf } from './root.ts'
import { unreadable } from './unreadable.ts'
import { line, shortened, tongue } from './words.ts'
import { entryOf, type Head, headOf } from './xml.ts'

/** Takes items as they are ready; the next are not read before it is done. */
export type Take = (items: Item[]) => Promise<void>

const CHUNK = 100 // items that are parsed together
const CHUNK_LETTERS = 400_000
const MOST_LETTERS = 16_000_000 // of all items of a document together
const AROUND = 500 // letters of an item beside its texts
const LONGEST_READING = 8000 // ms of the worker's own time, after which it ends with the items that it has

/**
 * Understands a document, handing its items on in portions, each guid once or, where a newer one comes later, again.
 * Answers all the rest. Throws Problem `feed-unreadable`, in words.
 */
export async function understand(
  { text, name, why, mended }: Decoded,
  origin: Origin,
  take: Take,
): Promise<Omit<Document, 'items'>> {
  if (text === '') throw unreadable('it is empty')
  const notes: Notes = { charset: { name, why }, dates: [], dropped: [], mended }
  const found = /^[\s\ufeff]{0,1000}[{[]/.test(text)
    ? await json(text, origin, notes, take)
    : await xml(text, origin, notes, take)
  return { ...found, notes }
}

type Rest = Omit<Document, 'items' | 'notes'>

async function json(text: string, origin: Origin, notes: Notes, take: Take): Promise<Rest> {
  const { head, items } = readJson(text.replace(/^[\s\ufeff]+/, ''), origin)
  const taking = openTaking(head, origin, notes, take)
  for (let at = 0; at < Math.min(items.length, MOST_ITEMS) && !taking.full(); at += CHUNK) {
    await taking.add(items.slice(at, Math.min(at + CHUNK, MOST_ITEMS)).map((item) => () => jsonEntry(item, head)))
  }
  if (items.length > MOST_ITEMS) drop(notes, BEYOND, items.length - MOST_ITEMS)
  return restOf('json', head, [])
}

const BEYOND = `entries beyond the first ${MOST_ITEMS}`

async function xml(text: string, origin: Origin, notes: Notes, take: Take): Promise<Rest> {
  const { tag, names, mended } = rootOf(text)
  const scan = openScan(names)
  const { family } = names
  let head: Head | undefined
  let taking: Taking | undefined
  let chunk: string[] = []
  let letters = 0
  async function flush(): Promise<void> {
    head ??= await headFrom(scan, origin)
    taking ??= openTaking(head, origin, notes, take)
    const parsed = await parsedItems(family, chunk, notes)
    await taking.add(parsed.map((fields) => () => entryOf(fields, family, head!)))
    chunk = []
    letters = 0
  }
  for (const item of entries(text, { tag, names, mended }, scan)) {
    chunk.push(item)
    letters += item.length
    if (chunk.length >= CHUNK || letters >= CHUNK_LETTERS) await flush()
    if (taking?.full()) break
  }
  await flush()
  if (scan.cut && taking!.count() === 0) throw unreadable('it is cut off before the end of its first entry')
  if (scan.cut) drop(notes, 'an entry that is cut off')
  if (scan.beyond > 0) drop(notes, BEYOND, scan.beyond)
  notes.mended.push(...mended, ...scan.mended)
  return restOf(family, await headFrom(scan, origin), scan.deleted)
}

async function headFrom(scan: Scan, origin: Origin): Promise<Head> {
  const { family } = scan.names
  return headOf(await parseHead(family, scan.head.join('')), family, scan.common, origin)
}

/** Items parsed together; if the parser stumbles, one by one without those that it stumbles over. */
async function parsedItems(family: Family, items: string[], notes: Notes): Promise<Fields[]> {
  if (items.length === 0) return []
  try {
    return await parseItems(family, items)
  } catch {
    const good: Fields[] = []
    for (const item of items) {
      try {
        good.push(...(await parseItems(family, [item])))
      } catch (error) {
        drop(notes, `an entry that cannot be parsed: ${line((error as Error).message).slice(0, 80)}`)
      }
    }
    return good
  }
}

type Taking = { add(entries: (() => Entry | undefined)[]): Promise<void>; full(): boolean; count(): number }

/** Makes items of entries and hands them on, until there are too many letters or it has taken too long. */
function openTaking(head: Head, origin: Origin, notes: Notes, take: Take): Taking {
  const common = { origin, language: head.language, authors: head.authors.filter((name) => name !== head.title), notes } // a paper is nobody's name
  let begun = false
  const until = spent() + LONGEST_READING
  const seen = new Map<string, number>()
  let letters = 0
  let stopped = false

  function itemOf(entry: () => Entry | undefined): Item | undefined {
    try {
      const read = entry()
      const item = read && toItem(read, common)
      if (!item) drop(notes, 'an entry with neither title nor text')
      return item
    } catch (error) {
      drop(notes, `an entry that cannot be understood: ${line(String(error)).slice(0, 80)}`)
      return undefined
    }
  }
  function stop(reason: string): false {
    if (!stopped) drop(notes, reason)
    stopped = true
    return false
  }
  function wanted(item: Item): boolean {
    if (spent() > until) return stop(`what was not read within ${LONGEST_READING / 1000} s`)
    letters += item.html.length + (item.summary?.length ?? 0) + AROUND
    if (letters > MOST_LETTERS) return stop(`what is beyond ${MOST_LETTERS} letters in all`)
    const when = item.updated_at ?? item.published_at ?? 0
    const before = seen.get(item.guid)
    if (before !== undefined) drop(notes, 'a guid that stands there twice: the newer entry counts')
    if (before !== undefined && before >= when) return false
    seen.set(item.guid, when)
    return true
  }
  return {
    async add(entries) {
      const items: Item[] = []
      if (!begun && entries.some(hasAuthors)) common.authors = [] // who writes is named at the entries: the head names the paper
      begun = true
      for (const entry of entries) {
        if (stopped) break
        const item = itemOf(entry)
        if (item && wanted(item)) items.push(item)
      }
      if (items.length > 0) await take(items)
    },
    full: () => stopped,
    count: () => seen.size,
  }
}

function hasAuthors(entry: () => Entry | undefined): boolean {
  try {
    return (entry()?.authors.length ?? 0) > 0
  } catch {
    return false // said where it is taken
  }
}

/** Milliseconds that this thread has worked: on a busy machine they are fewer than have passed. */
function spent(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function restOf(kind: Document['kind'], head: Head, deleted: string[]): Rest {
  const { title, home, ttl, next } = head
  const language = tongue(head.language)
  return {
    kind,
    title: shortened(line(title), 500),
    ...(home && { home }),
    ...(ttl && { ttl }),
    ...(next && { next }),
    ...(language && { language }),
    deleted: deleted.map(wellFormed),
  }
}

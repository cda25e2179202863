import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { type Instant, instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Channel } from '../channels.ts'
import * as channels from '../channels.ts'
import * as site from '../site.ts'
import * as syndication from '../syndication/index.ts'
import type { Coding } from './conditional.ts'

/** A document as bytes to be served: every coding with its own strong tag. */
export type Bytes = {
  type: string
  modified: Instant
  bodies: Record<Coding, Buffer>
  tags: Record<Coding, string>
}

/** Stored documents by name (`all.rss`). */
export type Documents = {
  /** What may be served at once: the bytes, null for a channel that is not there, undefined if that has to be looked up. */
  ready(slug: string, format: syndication.Format): Bytes | null | undefined
  /** The same after looking it up; throws only if there has never been a good document. */
  fetch(slug: string, format: syndication.Format): Promise<Bytes | null>
  close(): void
}

type Stored = {
  bytes: Bytes
  size: number
  usedAt: number
  /** What the database's version was when this was last known to be right. */
  seen: number
  channelVersion: number
  siteChangedAt: Instant
  freshUntil: Instant | null
}

/** The paper and its channels as they were at a version of the database. */
type Paper = { seen: number; version: number; site: site.Site; channels: Map<string, Channel> }

const MOST_BYTES = 64 * 1024 * 1024
const PAUSE = 1000 // ms before a document that could not be built is tried again

/**
 * Keeps the documents that are asked for, each built once per change, whoever made the change.
 *
 * While the database's version stands still nothing is read. When it has moved, the versions of site and channels say
 * whether the document has to be built; if that fails, the last good one stays.
 */
export function openDocuments(app: App, mostBytes = MOST_BYTES): Documents {
  const stored = new Map<string, Stored>()
  const running = new Map<string, Promise<void>>()
  const reported = new Set<string>()
  const failed = new Map<string, number>()
  let paper: Paper | undefined
  let uses = 0
  let heard: { version: number | undefined } | undefined

  function isFresh({ freshUntil }: Stored): boolean {
    return freshUntil === null || instant(app.now()) < freshUntil
  }

  function ready(slug: string, format: syndication.Format): Bytes | null | undefined {
    const name = `${slug}.${format}`
    const document = stored.get(name)
    const version = versionNow()
    if (!document) return paper !== undefined && paper.seen === version && !paper.channels.has(slug) ? null : undefined
    if (!((document.seen === version && isFresh(document)) || resting(name))) return undefined
    document.usedAt = ++uses
    return document.bytes
  }

  /** The database's version, asked once for all requests of one turn; undefined when it cannot even say that. */
  function versionNow(): number | undefined {
    if (heard) return heard.version
    try {
      heard = { version: app.database.version() }
    } catch {
      heard = { version: undefined } // what is asked of it next fails too and is logged there
    }
    setImmediate(() => {
      heard = undefined
    })
    return heard.version
  }

  function resting(name: string): boolean {
    const since = failed.get(name)
    return since !== undefined && performance.now() - since < PAUSE
  }

  async function fetch(slug: string, format: syndication.Format): Promise<Bytes | null> {
    await running.get(`${slug}.${format}`)?.catch(() => {}) // may have begun before the change that brought us here
    const known = ready(slug, format)
    if (known !== undefined) return known
    if (resting(`${slug}.${format}`)) throw new Error('it failed a moment ago')
    await bringUp(slug, format)
    return stored.get(`${slug}.${format}`)?.bytes ?? null
  }

  /** One at a time per document: whoever comes meanwhile waits for the same. */
  function bringUp(slug: string, format: syndication.Format): Promise<void> {
    const name = `${slug}.${format}`
    let work = running.get(name)
    if (!work) {
      work = attempt(slug, format).finally(() => running.delete(name))
      running.set(name, work)
    }
    return work
  }

  async function attempt(slug: string, format: syndication.Format): Promise<void> {
    const name = `${slug}.${format}`
    try {
      await refresh(slug, format)
      failed.delete(name)
    } catch (error) {
      app.log.error('a feed could not be built', { feed: name, error, kept: stored.has(name) })
      if (failed.size > 1000) failed.clear() // names come from requests
      failed.set(name, performance.now())
      if (!stored.has(name)) throw error
    }
  }

  async function refresh(slug: string, format: syndication.Format): Promise<void> {
    const name = `${slug}.${format}`
    const { seen, site, channels } = await current()
    const channel = channels.get(slug)
    const old = stored.get(name)
    if (!channel) {
      stored.delete(name)
    } else if (old && old.channelVersion === channel.version && old.siteChangedAt === site.changed_at && isFresh(old)) {
      old.seen = seen
    } else {
      const document = await build(channel, format)
      stored.set(name, { ...document, seen, usedAt: ++uses })
      makeRoom()
    }
  }

  /** The paper as it is now: one row if nothing that readers see has changed. */
  async function current(): Promise<Paper> {
    const seen = app.database.version()
    if (paper?.seen === seen) return paper
    const { version } = await app.read.selectFrom('site').select('version').executeTakeFirstOrThrow()
    if (paper?.version === version) {
      paper.seen = seen
      return paper
    }
    const [shown, all] = [await site.show(app, app.read), await channels.all(app.read)]
    paper = { seen, version, site: shown, channels: new Map(all.map((channel) => [channel.slug, channel])) }
    return paper
  }

  async function build(wanted: Channel, format: syndication.Format): Promise<Omit<Stored, 'seen' | 'usedAt'>> {
    const input = await app.read
      .transaction()
      .setIsolationLevel('repeatable read') // one moment's channel, site and articles, or the versions would lie
      .execute(async (db) => {
        const [paper, channel] = [await site.show(app, db), await channels.find(db, wanted.slug)]
        return syndication.gather(db, paper, channel, app.config.url, instant(app.now()))
      })
    await syndication.prepare(input)
    const document = syndication.build(input, format)
    report(`${wanted.slug}.${format}`, document.leftOut)
    const bytes = await encoded(document)
    const size = Object.values(bytes.bodies).reduce((sum, body) => sum + body.length, 0)
    const { channel, site: shown } = input
    const { freshUntil } = document
    return { bytes, size, channelVersion: channel.version, siteChangedAt: shown.changed_at, freshUntil }
  }

  /** Each once: the feed is built anew with every change. */
  function report(feed: string, leftOut: syndication.Document['leftOut']): void {
    for (const { id, reason } of leftOut) {
      if (reported.has(`${feed} ${id} ${reason}`)) continue
      if (reported.size > 1000) reported.clear()
      reported.add(`${feed} ${id} ${reason}`)
      app.log.warn('an article was left out of a feed', { feed, article: id, reason })
    }
  }

  /** Lets go of what nobody has asked for longest. */
  function makeRoom(): void {
    const byUse = [...stored].sort(([, a], [, b]) => a.usedAt - b.usedAt)
    let size = byUse.reduce((sum, [, document]) => sum + document.size, 0)
    for (const [name, document] of byUse.slice(0, -1)) {
      if (size <= mostBytes) break
      stored.delete(name)
      size -= document.size
    }
  }

  return { ready, fetch, close: () => stored.clear() }
}

const compressions = {
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 9 }),
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 8 } }),
}

/** The tags are of the plain bytes: the same on every machine and after every start. */
async function encoded({ body, type, changedAt }: syndication.Document): Promise<Bytes> {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  const [zipped, brotli] = await Promise.all([compressions.gzip(body), compressions.br(body)])
  return {
    type,
    modified: changedAt,
    bodies: { identity: body, gzip: zipped, br: brotli },
    tags: { identity: `"${hash}"`, gzip: `"${hash}-gz"`, br: `"${hash}-br"` },
  }
}

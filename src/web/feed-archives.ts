import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as syndication from '../syndication/index.ts'
import * as assets from './assets.ts'
import { alreadyHas, type Coding, codingFor } from './conditional.ts'
import { tagsOf } from './feed-bytes.ts'
import type { KnownPaper } from './feed-paper.ts'
import type { ArchiveTarget } from './feed-paths.ts'
import { busy, COMMON, missing, opensInBrowser, shownAs } from './feed-says.ts'

/** The months of channels, written as they are sent: they may be of any size. */
export type Archives = {
  answer(request: IncomingMessage, response: ServerResponse, target: ArchiveTarget): Promise<void>
}

const TYPE = 'application/atom+xml; charset=utf-8'
const CACHE = 'public, max-age=3600'
const AT_ONCE = 8 // a month of many thousand articles takes seconds of work
const SILENCE = 60_000 // ms that a client may take nothing
const LONGEST = 600_000 // ms that it may take in all

export function openArchives(
  app: App,
  paper: KnownPaper,
  report: (feed: string, leftOut: syndication.LeftOut[]) => void,
): Archives {
  const now = () => instant(app.now())
  let streaming = 0

  async function answer(request: IncomingMessage, response: ServerResponse, target: ArchiveTarget): Promise<void> {
    const found = await find(target)
    if (!found) return missing(request, response)
    const { archive, state } = found
    const coding = codingFor(request.headers['accept-encoding'] as string | undefined)
    const tags = tagsOf(state.stamp)
    const shared = ['Vary', 'Accept-Encoding', ...COMMON]
    const has = alreadyHas(request.headers, tags[coding], Object.values(tags), undefined)
    if (has !== undefined) {
      response.writeHead(304, ['ETag', has, 'Cache-Control', CACHE, ...shared]).end()
      return
    }
    if (request.method === 'GET' && streaming >= AT_ONCE) return busy(request, response)
    const encoding = coding === 'identity' ? [] : ['Content-Encoding', coding]
    const type = opensInBrowser(request.headers) ? shownAs(TYPE) : ['Content-Type', TYPE, 'Cache-Control', CACHE]
    response.writeHead(200, [...type, ...encoding, 'ETag', tags[coding], ...shared])
    if (request.method === 'HEAD') response.end()
    else await stream(response, coding, archive, state)
  }

  async function find(target: ArchiveTarget) {
    const { site, channels } = await paper.current()
    const channel = channels.get(target.slug)
    const archive =
      channel && (await syndication.openArchive(app.read, { site, channel, month: target.month, url: app.config.url }))
    const state = archive && (await syndication.stateOf(app.read, archive, now()))
    return state && { archive, state }
  }

  /** Sends the pieces as fast as the client takes them; whatever goes wrong, the answer does not end well. */
  async function stream(
    response: ServerResponse,
    coding: Coding,
    archive: syndication.Archive,
    state: NonNullable<Awaited<ReturnType<typeof syndication.stateOf>>>,
  ): Promise<void> {
    const name = `${archive.channel.slug}/${archive.month}.atom`
    const pieces = syndication.writeArchive(app.read, archive, state, {
      now,
      stylesheet: assets.feedStyle(archive.channel.language ?? archive.site.language),
      report: (leftOut) => report(name, leftOut),
    })
    streaming++
    response.setTimeout(SILENCE, () => response.destroy())
    try {
      const signal = AbortSignal.timeout(LONGEST)
      const source = Readable.from(pieces)
      if (coding === 'identity') await pipeline(source, response, { signal })
      else await pipeline(source, compressor(coding), response, { signal })
    } catch (error) {
      response.destroy()
      app.log.warn('an archive was not sent to its end', { feed: name, reason: (error as Error).message })
    } finally {
      streaming--
    }
  }

  return {
    async answer(request, response, target) {
      try {
        await answer(request, response, target)
      } catch (error) {
        app.log.error('an archive could not be read', { feed: `${target.slug}/${target.month}.atom`, error })
        if (response.headersSent) response.destroy()
        else busy(request, response)
      }
    },
  }
}

function compressor(coding: 'gzip' | 'br') {
  return coding === 'gzip'
    ? createGzip({ level: 6 })
    : createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
}

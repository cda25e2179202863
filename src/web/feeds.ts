import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { App } from '../app.ts'
import { alreadyHas, type Coding, codingFor } from './conditional.ts'
import { openArchives } from './feed-archives.ts'
import type { Bytes } from './feed-bytes.ts'
import { openCounts } from './feed-counts.ts'
import { openDocuments } from './feed-documents.ts'
import { type Frame, frame } from './feed-frames.ts'
import { secondsToWait } from './feed-limits.ts'
import { knowPaper } from './feed-paper.ts'
import { archiveTarget, feedTarget, type Target } from './feed-paths.ts'
import { openPollers, type Poller } from './feed-pollers.ts'
import { openReport } from './feed-report.ts'
import { busy, COMMON, missing, opensInBrowser, say, shownAs } from './feed-says.ts'
import type { Simple } from './lane.ts'

/** The feeds as they are served: before the framework and without it, because they are what is asked for most. */
export type Feeds = {
  /** True if the request was for a feed: it is answered, or will be. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** The same for the simplest requests, as bytes; undefined for all others. */
  reply(request: Simple, socket: Socket): Frame | undefined
  /** Ends when what was counted is written. */
  close(): Promise<void>
}

const TOO_OFTEN = 'You ask for this feed too often. It changes every few minutes at most: please ask as rarely.'
const CACHE = 'public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400'

export function openFeeds(app: App): Feeds {
  const paper = knowPaper(app)
  const report = openReport(app)
  const documents = openDocuments(app, paper, report)
  const archives = openArchives(app, paper, report)

  const pollers = openPollers(app)
  const counts = openCounts(app)

  /** Who asks, if it may; it has been told to wait if it may not. */
  function admitted(request: IncomingMessage, response: ServerResponse): Poller | undefined {
    const poller = pollers.find(request, request.url!)
    const wait = secondsToWait(poller)
    if (wait === 0) return poller
    say(request, response, 429, TOO_OFTEN, ['Retry-After', String(wait)])
    return undefined
  }

  function serve(request: IncomingMessage, response: ServerResponse, bytes: Bytes | null, poller: Poller): void {
    answer(request, response, bytes)
    if (bytes && request.method === 'GET') counts.add(poller)
  }

  async function look(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    poller: Poller,
  ): Promise<void> {
    try {
      const bytes = await documents.fetch(target)
      if (bytes === undefined) busy(request, response)
      else serve(request, response, bytes, poller)
    } catch {
      busy(request, response) // logged where it failed
    }
  }

  return {
    handle(request, response) {
      const url = request.url ?? ''
      const reads = request.method === 'GET' || request.method === 'HEAD'
      const atOnce = reads && documents.ready(url)
      if (atOnce) {
        const poller = admitted(request, response)
        if (poller) serve(request, response, atOnce, poller)
        return true
      }
      const target = feedTarget(url)
      const month = target ? undefined : archiveTarget(url)
      if (!target && !month) return false
      if (!reads) {
        say(request, response, 405, 'A feed can only be read.', ['Allow', 'GET, HEAD'])
        return true
      }
      const poller = admitted(request, response)
      if (!poller) return true
      if (month) void archives.answer(request, response, month)
      else if (documents.missing(target!)) answer(request, response, null)
      else {
        const ready = documents.ready(target!.path)
        if (ready) serve(request, response, ready, poller)
        else void look(request, response, target!, poller)
      }
      return true
    },
    reply(request, socket) {
      const bytes = documents.ready(pathOf(request))
      if (!bytes) return undefined
      const poller = pollers.again(request, socket)
      if (secondsToWait(poller) > 0) return undefined // the ordinary way says so
      counts.add(poller)
      return framed(request, bytes, Math.floor(Date.now() / 1000))
    },
    async close() {
      documents.close()
      await counts.close()
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, bytes: Bytes | null): void {
  if (!bytes) {
    missing(request, response)
    return
  }
  const coding = codingFor(request.headers['accept-encoding'] as string | undefined)
  const { heads, all, modified } = wired(bytes)
  const has = alreadyHas(request.headers, bytes.tags[coding], all, modified)
  if (has !== undefined) {
    response.writeHead(304, ['ETag', has, ...heads.unchanged])
    response.end()
    return
  }
  response.writeHead(200, (opensInBrowser(request.headers) ? heads.shown : heads.sent)[coding])
  if (request.method === 'HEAD') response.end()
  else response.end(bytes.bodies[coding])
}

type Heads = Record<Coding, string[]>
type Wired = {
  heads: { sent: Heads; shown: Heads; unchanged: string[] }
  all: string[]
  modified: number | { exactly: number }
}
const wires = new WeakMap<Bytes, Wired>()

/** A document's headers, made once: flat lists, as `writeHead` takes them without looking at them again. */
function wired(bytes: Bytes): Wired {
  const known = wires.get(bytes)
  if (known) return known
  const modified = new Date(bytes.modified)
  modified.setUTCMilliseconds(0) // HTTP knows whole seconds
  const shared = ['Vary', 'Accept-Encoding', 'Last-Modified', modified.toUTCString(), ...COMMON]
  const sent = ['Content-Type', bytes.type, 'Cache-Control', CACHE, ...shared]
  const heads = {
    sent: headsOf(bytes, sent),
    shown: headsOf(bytes, [...shownAs(bytes.type), ...shared]),
    unchanged: ['Cache-Control', CACHE, ...shared],
  }
  const at = modified.getTime()
  const made = { heads, all: Object.values(bytes.tags), modified: bytes.kept ? at : { exactly: at } }
  wires.set(bytes, made)
  return made
}

function headsOf(bytes: Bytes, shared: string[]): Heads {
  const head = (coding: Coding) => [
    ...['Content-Length', String(bytes.bodies[coding].length)],
    ...(coding === 'identity' ? [] : ['Content-Encoding', coding]),
    ...['ETag', bytes.tags[coding], ...shared],
  ]
  return { identity: head('identity'), gzip: head('gzip'), br: head('br') }
}

const paths = new WeakMap<Simple, string>()

/** Where what a simple request asks for is stored, if it is. */
function pathOf(request: Simple): string {
  const known = paths.get(request)
  if (known !== undefined) return known
  const path = feedTarget(request.path)?.path ?? ''
  paths.set(request, path)
  return path
}

/** By document first, so that requests which are remembered do not keep a document that no longer is. */
const framedFor = new WeakMap<Bytes, WeakMap<Simple, { second: number; answer: Frame }>>()

/** The same as `answer`, as bytes. */
function framed(request: Simple, bytes: Bytes, second: number): Frame {
  const answers = framedFor.get(bytes) ?? new WeakMap<Simple, { second: number; answer: Frame }>()
  framedFor.set(bytes, answers)
  const known = answers.get(request)
  if (known?.second === second) return known.answer
  const made = framedNow(request.headers, bytes, second)
  answers.set(request, { second, answer: made })
  return made
}

function framedNow(headers: Simple['headers'], bytes: Bytes, second: number): Frame {
  const coding = codingFor(headers['accept-encoding'])
  const { heads, all, modified } = wired(bytes)
  const has = alreadyHas(headers, bytes.tags[coding], all, modified)
  if (has !== undefined) return frame(bytes, has, ['ETag', has, ...heads.unchanged], undefined, second)
  const way = opensInBrowser(headers) ? 'shown' : 'sent'
  return frame(bytes, `${coding} ${way}`, heads[way][coding], bytes.bodies[coding], second)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { App } from '../app.ts'
import type { Format } from '../syndication/index.ts'
import { alreadyHas, type Coding, codingFor } from './conditional.ts'
import { type Bytes, openDocuments } from './feed-documents.ts'
import { type Frame, frame } from './feed-frames.ts'
import type { Simple } from './lane.ts'

/** The feeds as they are served: before the framework and without it, because they are what is asked for most. */
export type Feeds = {
  /** True if the request was for a feed: it is answered, or will be. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** The same for the simplest requests, as bytes; undefined for all others. */
  reply(request: Simple): Frame | undefined
  close(): void
}

const PATH = /^\/feeds\/([a-z0-9-]{1,60})\.(rss|atom|json)(?:\?|$)/
const CACHE = 'public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400'
const COMMON = ['X-Content-Type-Options', 'nosniff', 'Access-Control-Allow-Origin', '*']

export function openFeeds(app: App): Feeds {
  const documents = openDocuments(app)

  async function look(request: IncomingMessage, response: ServerResponse, slug: string, format: Format): Promise<void> {
    try {
      answer(request, response, await documents.fetch(slug, format))
    } catch {
      say(request, response, 503, 'This feed cannot be served at the moment.', ['Retry-After', '30']) // logged where it failed
    }
  }

  return {
    handle(request, response) {
      const [, slug, format] = PATH.exec(request.url ?? '') ?? []
      if (!slug) return false
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        say(request, response, 405, 'A feed can only be read.', ['Allow', 'GET, HEAD'])
        return true
      }
      const ready = documents.ready(slug, format as Format)
      if (ready === undefined) void look(request, response, slug, format as Format)
      else answer(request, response, ready)
      return true
    },
    reply(request) {
      const wanted = askedBy(request)
      const bytes = wanted.slug && documents.ready(wanted.slug, wanted.format)
      if (!bytes) return undefined
      const second = Math.floor(Date.now() / 1000)
      if (wanted.bytes !== bytes || wanted.second !== second)
        Object.assign(wanted, { bytes, second, answer: framed(request.headers, bytes, second) })
      return wanted.answer
    },
    close: documents.close,
  }
}

function answer(request: IncomingMessage, response: ServerResponse, bytes: Bytes | null): void {
  if (!bytes) {
    say(request, response, 404, 'There is no such feed. /feeds lists those there are.')
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
  response.writeHead(200, heads[coding])
  if (request.method === 'HEAD') response.end()
  else response.end(bytes.bodies[coding])
}

type Wired = { heads: Record<Coding | 'unchanged', string[]>; all: string[]; modified: number }
const wires = new WeakMap<Bytes, Wired>()

/** A document's headers, made once: flat lists, as `writeHead` takes them without looking at them again. */
function wired(bytes: Bytes): Wired {
  const known = wires.get(bytes)
  if (known) return known
  const modified = new Date(bytes.modified)
  modified.setUTCMilliseconds(0) // HTTP knows whole seconds
  const shared = ['Cache-Control', CACHE, 'Vary', 'Accept-Encoding', 'Last-Modified', modified.toUTCString(), ...COMMON]
  const head = (coding: Coding) => [
    ...['Content-Type', bytes.type, 'Content-Length', String(bytes.bodies[coding].length)],
    ...(coding === 'identity' ? [] : ['Content-Encoding', coding]),
    ...['ETag', bytes.tags[coding], ...shared],
  ]
  const heads = { identity: head('identity'), gzip: head('gzip'), br: head('br'), unchanged: shared }
  const made = { heads, all: Object.values(bytes.tags), modified: modified.getTime() }
  wires.set(bytes, made)
  return made
}

/** What a simple request asked for, and how it was answered last. */
type Asked = {
  slug: string
  format: Format
  bytes: Bytes | undefined
  second: number
  answer: Frame | undefined
}
const asked = new WeakMap<Simple, Asked>()

function askedBy(request: Simple): Asked {
  const known = asked.get(request)
  if (known) return known
  const [, slug = '', format] = PATH.exec(request.path) ?? []
  const made = { slug, format: format as Format, bytes: undefined, second: 0, answer: undefined }
  asked.set(request, made)
  return made
}

/** The same as `answer`, as bytes. */
function framed(headers: Simple['headers'], bytes: Bytes, second: number): Frame {
  const coding = codingFor(headers['accept-encoding'])
  const { heads, all, modified } = wired(bytes)
  const has = alreadyHas(headers, bytes.tags[coding], all, modified)
  if (has !== undefined) return frame(bytes, has, ['ETag', has, ...heads.unchanged], undefined, second)
  return frame(bytes, coding, heads[coding], bytes.bodies[coding], second)
}

function say(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  sentence: string,
  more: string[] = [],
): void {
  const body = Buffer.from(`${sentence}\n`)
  const head = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]
  response.writeHead(status, [...head, 'Cache-Control', 'no-store', ...more, ...COMMON])
  response.end(request.method === 'HEAD' ? undefined : body)
}

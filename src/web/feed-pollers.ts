import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { App } from '../app.ts'
import { isPublic } from '../network.ts'
import { fold } from '../text.ts'
import { type Client, openClients } from './client.ts'
import type { Simple } from './lane.ts'

/** A program at an address as it asks for one document: what limits and counts remember of it. */
export type Poller = {
  readonly feed: string
  readonly address: string
  readonly agent: string
  readonly limited: boolean
  /** When its bucket is full again, in milliseconds of the monotonic clock (feed-limits.ts). */
  fullAt: number
  /** The window in which it was counted last (feed-counts.ts). */
  countedIn: number
}

export type Pollers = {
  /** Who sends a request for the feed at this address. */
  find(request: Pick<IncomingMessage, 'socket' | 'headers'>, url: string): Poller
  /** The same for a simple request: without a look where the connection has sent the same before. */
  again(request: Simple, socket: Socket): Poller
}

const MOST = 50_000
const LONGEST_AGENT = 256
const LONGEST_PATH = 600 // a name in Arabic takes six letters for each of its own
const LONGEST_NAME = 100

/**
 * Knows the pollers again, 50,000 of them; those that have not asked for longest are forgotten.
 *
 * They are kept in two halves: when the younger is full the elder goes, so that knowing one costs a single look.
 */
export function openPollers(app: App): Pollers {
  const clientOf = openClients(app.config)
  const lasts = new WeakMap<Socket, { request: Simple; poller: Poller }>()
  let [young, old] = [new Map<string, Poller>(), new Map<string, Poller>()]
  let told = false

  function again(request: Simple, socket: Socket): Poller {
    const last = lasts.get(socket)
    if (last?.request === request) return last.poller
    const poller = find({ socket, headers: request.headers }, request.path)
    lasts.set(socket, { request, poller })
    return poller
  }

  function find(request: Pick<IncomingMessage, 'socket' | 'headers'>, url: string): Poller {
    const client = clientOf(request)
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    const given = request.headers['user-agent'] ?? ''
    const agent = given.length > LONGEST_AGENT ? given.slice(0, LONGEST_AGENT) : given
    const key = `${client.address}\n${path}\n${agent}` // neither a path nor a header holds a line break
    const known = young.get(key)
    if (known) return known
    const poller = old.get(key) ?? meet(client, path, copied(agent))
    if (path.length <= LONGEST_PATH) keep(copied(key), poller)
    return poller
  }

  function keep(key: string, poller: Poller): void {
    if (young.size >= MOST / 2) [young, old] = [new Map(), young]
    young.set(key, poller)
  }

  function meet({ address, forwarded, proxy }: Client, path: string, agent: string): Poller {
    const limited = !proxy && (forwarded || isPublic(address))
    if (!limited && !proxy && !told) {
      told = true
      app.log.info(
        'a feed was asked for from an address that is not public: such are never limited; if it is a proxy, name it in NASHRA_TRUST_PROXY',
      )
    }
    return { feed: feedName(path), address, agent, limited, fullAt: 0, countedIn: -1 }
  }

  return { find, again }
}

/** `all` of `/feeds/all.rss`, `section/اقتصاد` of its section's: one for all formats and for all spellings that mean the same. */
function feedName(path: string): string {
  const [head, rest] = decoded(path.replace(/^\/feeds\//, '').replace(/\.[a-z]+$/, '')).split(/\/(.*)/s)
  return copied(rest === undefined ? head! : `${head}/${fold(rest).replace(/[\s/]+/g, '-')}`).slice(0, LONGEST_NAME)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Its own few bytes: a piece of a header would keep the whole of it alive. */
function copied(text: string): string {
  return Buffer.from(text).toString()
}

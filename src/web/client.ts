import type { IncomingMessage } from 'node:http'
import type { BlockList } from 'node:net'
import type { Context } from 'hono'
import type { Config } from '../config.ts'
import { addressList, isOn, networkOf, plainAddress } from '../network.ts'

/**
 * Where a request comes from: a plain address, '' if it is not known. `forwarded`: a proxy of ours said so; `proxy`: it is
 * such a proxy itself, which did not say for whom it asks.
 */
export type Client = { address: string; forwarded: boolean; proxy: boolean }

const MOST_REMEMBERED = 10_000
const LONGEST_REMEMBERED = 200 // letters of X-Forwarded-For

/**
 * The network a request comes from. What `X-Forwarded-For` claims counts only as far as our own proxies
 * (NASHRA_TRUST_PROXY: addresses, or networks like 10.0.0.0/8) vouch for it; anybody can write the rest.
 */
export function clientNetwork(c: Context, config: Pick<Config, 'trustProxy'>): string {
  const incoming = (c.env as { incoming?: IncomingMessage } | undefined)?.incoming
  return networkOf(clientOf(incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'), config).address)
}

/** The same for requests that no framework has seen, as often as they come: whom it has met it knows again. */
export function openClients(
  config: Pick<Config, 'trustProxy'>,
): (request: Pick<IncomingMessage, 'socket' | 'headers'>) => Client {
  const known = new Map<string, Client>()
  const alone = config.trustProxy.length === 0
  return (request) => {
    const peer = request.socket.remoteAddress ?? ''
    const claim = alone ? undefined : (request.headers['x-forwarded-for'] as string | undefined)
    const name = claim === undefined ? peer : `${peer} ${claim}`
    const met = known.get(name)
    if (met) return met
    const client = clientOf(peer, claim, config)
    if (name.length > LONGEST_REMEMBERED) return client
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(name, client)
    return client
  }
}

function clientOf(peer: string | undefined, claim: string | undefined, config: Pick<Config, 'trustProxy'>): Client {
  const proxies = listOf(config.trustProxy)
  const direct = plainAddress(peer ?? '') ?? ''
  let address = direct
  const hops = (claim ?? '').split(',').map(hop)
  while (isOn(proxies, address)) {
    const before = hops.pop()
    if (!before) break
    address = before
  }
  return { address, forwarded: address !== direct, proxy: isOn(proxies, address) }
}

/** One entry of the header, without the port that some proxies add. */
function hop(text: string): string | undefined {
  const bare = text.trim().replace(/^"|"$/g, '')
  return plainAddress(/^\[([^\]]*)\](?::\d+)?$/.exec(bare)?.[1] ?? bare.replace(/^([\d.]+):\d+$/, '$1'))
}

const lists = new WeakMap<string[], BlockList>()

function listOf(trusted: string[]): BlockList {
  const known = lists.get(trusted)
  if (known) return known
  const list = addressList(trusted)
  lists.set(trusted, list)
  return list
}

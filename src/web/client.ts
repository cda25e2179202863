import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Context } from 'hono'
import type { Config } from '../config.ts'
import { networkOf, plainAddress } from '../network.ts'

/**
 * The network a request comes from. What `X-Forwarded-For` claims counts only as far as our own proxies
 * (NASHRA_TRUST_PROXY: addresses, or networks like 10.0.0.0/8) vouch for it; anybody can write the rest.
 */
export function clientNetwork(c: Context, config: Pick<Config, 'trustProxy'>): string {
  return networkOf(clientAddress(c, config))
}

function clientAddress(c: Context, { trustProxy }: Pick<Config, 'trustProxy'>): string {
  const incoming = (c.env as { incoming?: IncomingMessage } | undefined)?.incoming
  let client = plainAddress(incoming?.socket.remoteAddress ?? '')
  const proxies = blockList(trustProxy)
  const hops = (c.req.header('x-forwarded-for') ?? '').split(',').map(hop)
  while (client && has(proxies, client)) {
    const before = hops.pop()
    if (!before) break
    client = before
  }
  return client ?? ''
}

/** One entry of the header, without the port that some proxies add. */
function hop(text: string): string | undefined {
  const bare = text.trim().replace(/^"|"$/g, '')
  return plainAddress(/^\[([^\]]*)\](?::\d+)?$/.exec(bare)?.[1] ?? bare.replace(/^([\d.]+):\d+$/, '$1'))
}

function blockList(trusted: string[]): BlockList {
  const list = new BlockList()
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/')
    const plain = plainAddress(address)
    if (!plain) continue
    if (bits === undefined) list.addAddress(plain, family(plain))
    else list.addSubnet(plain, Number(bits), family(plain))
  }
  return list
}

function has(list: BlockList, address: string): boolean {
  return list.check(address, family(address))
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

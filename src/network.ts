import { BlockList, isIP } from 'node:net'

/**
 * The network that a client's address belongs to, which is what limits count by: a /24, or a /64 of IPv6.
 *
 * `::ffff:192.0.2.7` is 192.0.2.7. A network given instead of an address is that network.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address.replace(/\/\d+$/, ''))
  if (!plain) return 'unknown'
  if (isIP(plain) === 4) return `${plain.split('.').slice(0, 3).join('.')}.0/24`
  return `${groups(plain).slice(0, 4).join(':')}::/64`
}

/** A list of addresses and of networks like 10.0.0.0/8; what is neither is passed over. */
export function addressList(entries: string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const plain = plainAddress(address)
    if (!plain) continue
    if (bits === undefined) list.addAddress(plain, family(plain))
    else list.addSubnet(plain, Number(bits), family(plain))
  }
  return list
}

/** Whether a plain address is on a list. */
export function isOn(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, family(address))
}

/** Whether an address can be met on the internet: neither this machine's nor of a private, shared or link-local network. */
export function isPublic(address: string): boolean {
  return isIP(address) !== 0 && !isOn(NOT_PUBLIC, address)
}

/** An address in its one spelling, IPv4 also where it came dressed as IPv6; undefined for what is none. */
export function plainAddress(text: string): string | undefined {
  const bare = text.trim().replace(/%.*$/, '')
  const version = isIP(bare)
  if (version !== 6) return version === 4 ? bare : undefined
  const eight = groups(bare)
  if (eight.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return eight.join(':')
  return eight
    .slice(6)
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
    .join('.')
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groups(address: string): string[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const before = head.split(':').filter(Boolean)
  const after = (tail ?? '').split(':').filter(Boolean)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

const NOT_PUBLIC = addressList([
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '::', '::1', 'fc00::/7', 'fe80::/10',
]) // biome-ignore format: one list

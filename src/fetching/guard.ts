import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

const WEB_PORTS = ['80', '443']
const AZURE_METADATA = '168.63.129.16' // the one metadata service that stands on a public address
const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3') // IANA hands out nothing else for unicast
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96') // RFC 6052: the last 32 bits are the IPv4 address that is reached

/** A reason not to go there, in a few English words. */
export class Refusal extends Error {
  override name = 'Refusal'
}

/** `host:port` of an address as NASHRA_FETCH_ALLOW has it: a name in ASCII, IPv4 in four numbers, IPv6 in brackets. */
function place(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
}

/** Throws the reason why an address may not be asked. What its name resolves to is checked when it is connected to. */
export function check(url: URL, allowed: string[]): void {
  if (!/^https?:$/.test(url.protocol)) throw new Refusal('only http and https are fetched')
  if (url.username || url.password) throw new Refusal('an address with a user or password is not fetched')
  if (allowed.includes(place(url))) return
  if (url.port && !WEB_PORTS.includes(url.port)) throw new Refusal(`port ${url.port} is not open to us`)
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) && !isPublic(literal)) throw new Refusal(`${literal} is not a public address`)
}

/** The look-up for connections to this address: whatever a name resolves to in that moment, only public addresses come out. */
export function lookupFor(url: URL, allowed: string[]): LookupFunction {
  if (allowed.includes(place(url))) return lookup as LookupFunction
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const found = error ? [] : addresses.filter(({ address }) => isPublic(address))
      const refusal = error ?? (found.length === 0 ? new Refusal(privateReason(hostname, addresses)) : null)
      if (refusal) callback(refusal, '', 0)
      else if (options.all) callback(null, found)
      else callback(null, found[0]!.address, found[0]!.family)
    })
  }
}

function privateReason(hostname: string, addresses: LookupAddress[]): string {
  return `${hostname} is ${addresses[0]?.address ?? 'nowhere'}, which is not a public address`
}

/** Whether an address belongs to the public internet: no machine of ours, no network of the house, no metadata service. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address) // IPv4 also where it came mapped into IPv6
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast' && parsed.toString() !== AZURE_METADATA
  if (parsed.match(NAT64)) return isPublic(ipaddr.fromByteArray(parsed.toByteArray().slice(12)).toString())
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_V6)
}

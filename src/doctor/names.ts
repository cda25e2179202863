import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { App } from '../app.ts'
import { relaysOf } from '../relay-settings.ts'
import { coded, type Finding, fail, ok, warn } from './finding.ts'

/** How names are looked up; tests hand in their own server. */
export type Names = Pick<Resolver, 'resolveTxt' | 'resolveMx' | 'resolve4' | 'reverse'>

const ABSENT = /^(ENODATA|ENOTFOUND)$/
const LOCAL = /^(localhost|127(\.\d+){3}|::1)$/

export function openNames(): Names {
  return new Resolver({ timeout: 2000, tries: 2 })
}

/** SPF, DMARC and MX of a sender's domain. */
export async function names(domain: string, dns: Names): Promise<Finding[]> {
  return Promise.all([spf(domain, dns), dmarc(domain, dns), mx(domain, dns)])
}

async function spf(domain: string, dns: Names): Promise<Finding> {
  const records = await texts(domain, dns)
  if (records === 'unknown') return unknown('SPF', domain)
  const [record, ...more] = records.filter((text) => /^v=spf1(\s|$)/i.test(text))
  const todo = `Publish one TXT record for ${domain} that names your relay, like "v=spf1 include:amazonses.com -all".`
  if (!record) return coded(fail('SPF', `${domain} has none.`, todo), 'spf-none', { domain })
  if (more.length > 0)
    return coded(
      fail('SPF', `${domain} has ${more.length + 1}, so none counts.`, 'Join them into one record.'),
      'spf-several',
      { domain },
    )
  if (/[+ ]all\s*$/i.test(record) && !/[-~?]all\s*$/i.test(record))
    return coded(fail('SPF', `${domain} lets anybody send.`, 'End it with -all or ~all.'), 'spf-open', {
      domain,
      record,
    })
  return coded(ok('SPF', `${domain}: ${record}`), 'spf-ok', { domain, record })
}

/** Whether a key's TXT record says what it must; what is not there yet is a `verdict`. */
export async function published(
  { name, text }: { name: string; text: string },
  dns: Names,
  verdict: typeof fail = fail,
): Promise<Finding> {
  const records = await texts(name, dns)
  if (records === 'unknown') return unknown('DKIM', name)
  const key = (record: string) => /p=([^;\s]*)/.exec(record.replace(/\s+/g, ''))?.[1]
  if (records.some((record) => key(record) === key(text)))
    return coded(ok('DKIM', `${name} has our key`), 'dkim-ok', { name })
  const other = records.length > 0
  return coded(
    verdict(
      'DKIM',
      other ? `${name} has another key than ours.` : `${name} has no key.`,
      `Publish there as TXT: ${text}`,
    ),
    other ? 'dkim-other' : 'dkim-none',
    { name },
  )
}

async function dmarc(domain: string, dns: Names): Promise<Finding> {
  // A sub-domain without a record of its own is under its parent's.
  const parents = domain.split('.').map((_, index, all) => all.slice(index).join('.'))
  for (const parent of parents.slice(0, -1)) {
    const records = await texts(`_dmarc.${parent}`, dns)
    if (records === 'unknown') return unknown('DMARC', domain)
    const record = records.find((text) => /^v=DMARC1\s*(;|$)/i.test(text))
    if (record && !/;\s*p\s*=/i.test(record))
      return coded(fail('DMARC', `${parent} has one without a policy.`, 'Add p=none to begin with.'), 'dmarc-bare', {
        domain: parent,
      })
    if (record) return coded(ok('DMARC', `${parent}: ${record}`), 'dmarc-ok', { domain: parent, record })
  }
  const value = `v=DMARC1; p=none; rua=mailto:postmaster@${domain}`
  return coded(fail('DMARC', `${domain} has none.`, `Publish as TXT for _dmarc.${domain}: "${value}"`), 'dmarc-none', {
    domain,
    name: `_dmarc.${domain}`,
    value,
  })
}

async function mx(domain: string, dns: Names): Promise<Finding> {
  const found = await asked(dns.resolveMx(domain))
  if (found === 'unknown') return unknown('MX', domain)
  const servers = found.map(({ exchange }) => exchange).join(', ')
  if (servers) return coded(ok('MX', `${domain}: ${servers}`), 'mx-ok', { domain, servers })
  return coded(
    warn(
      'MX',
      `${domain} takes no mail, so answers and bounces are lost.`,
      'Publish an MX record, or write from a domain that has one.',
    ),
    'mx-none',
    { domain },
  )
}

/** The machine that sends: the first relay, or where that is on this machine, the site. Its address must lead to a name and back. */
export async function ptr(app: App, dns: Names): Promise<Finding> {
  const relay = relaysOf(app)[0]?.host
  const host = relay && !LOCAL.test(relay) ? relay : new URL(app.config.url).hostname
  const addresses = isIP(host) ? [host] : await asked(dns.resolve4(host))
  if (addresses === 'unknown' || LOCAL.test(host)) return unknown('PTR', host)
  const [address] = addresses
  if (!address) return warn('PTR', `${host} has no IPv4 address.`, 'Check its name.')
  const called = await asked(dns.reverse(address))
  if (called === 'unknown') return unknown('PTR', address)
  const back = await Promise.all(called.map((name) => asked(dns.resolve4(name))))
  if (back.some((found) => found !== 'unknown' && found.includes(address)))
    return ok('PTR', `${address} is ${called[0]}, and back`)
  return warn(
    'PTR',
    `${address} (${host}) has no name that leads back to it.`,
    'If you send from there yourself, ask its provider to set one.',
  )
}

async function texts(name: string, dns: Names): Promise<string[] | 'unknown'> {
  const records = await asked(dns.resolveTxt(name))
  return records === 'unknown' ? records : records.map((strings) => strings.join(''))
}

/** What a name has: nothing is an answer, too; no answer is not. */
export async function asked<T>(answer: Promise<T[]>): Promise<T[] | 'unknown'> {
  try {
    return await answer
  } catch (error) {
    return ABSENT.test((error as NodeJS.ErrnoException).code ?? '') ? [] : 'unknown'
  }
}

function unknown(check: string, name: string): Finding {
  return coded(warn(check, `${name} could not be looked up.`, 'Try again where names can be looked up.'), 'unknown', {
    name,
  })
}

import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { email, type Mailbox, mailbox } from './address.ts'
import { duration } from './duration.ts'
import { type Inbound, inbound } from './inbound.ts'
import { type Kind, readKeeping } from './keeping.ts'
import { nearest } from './nearest.ts'
import { Problem } from './problem.ts'

/**
 * A way out for letters. `name` is host:port, safe to show; `rate` is letters per second, `day` per day; `domains` letters per
 * second to each recipient domain, `*` being every other one by itself.
 */
export type Relay = {
  name: string
  host: string
  port: number
  secure: boolean
  user?: string
  password?: string
  rate?: number
  day?: number
  connections: number
  sign: boolean
  domains?: ReadonlyMap<string, number>
}

/** Everything the environment decides, read once. Durations are milliseconds. */
export type Config = {
  data: string
  database: string
  host: string
  port: number
  url: string
  name?: string
  from?: Mailbox
  media: string
  relays: Relay[]
  inbound: Inbound[]
  retry: number[]
  secretFile: string
  /** What outbound requests may reach although private: `host:port`, as a URL spells the host. */
  fetchAllow: string[]
  trustProxy: string[]
  /** How long things are kept, in days, where the environment says so: null is for ever. */
  keep: Partial<Record<Kind, number | null>>
  logLevel: string
  /** The language of messages on the terminal. */
  language: string
}

type Environment = Record<string, string | undefined>

const NAMES = [
  'NASHRA_DATA', 'NASHRA_DATABASE', 'NASHRA_HOST', 'NASHRA_PORT', 'NASHRA_URL', 'NASHRA_NAME', 'NASHRA_FROM', 'NASHRA_MEDIA',
  'NASHRA_SMTP', 'NASHRA_INBOUND', 'NASHRA_SMTP_CONNECTIONS', 'NASHRA_SMTP_RATE', 'NASHRA_RETRY', 'NASHRA_SECRET_FILE',
  'NASHRA_FETCH_ALLOW', 'NASHRA_TRUST_PROXY', 'NASHRA_KEEP', 'NASHRA_LOG',
] // biome-ignore format: one list
const SLOWEST = 0.001 // letters per second to a domain: one in a quarter of an hour
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Reads the environment; every mistake in it is named in one Problem. */
export function readConfig(env: Environment = process.env): Config {
  const mistakes: string[] = []
  function attempt<T>(name: string, fallback: T, read: (value: string) => T): T {
    const value = env[name]?.trim()
    if (!value) return fallback
    try {
      return read(value)
    } catch (error) {
      mistakes.push(`${name}: ${(error as Error).message}`)
      return fallback
    }
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('NASHRA_') && !NAMES.includes(name))
      mistakes.push(`${name} is not known; did you mean ${nearest(name, NAMES)}?`)
  }
  const data = resolve(env['NASHRA_DATA'] || './data')
  const port = attempt('NASHRA_PORT', 3000, (value) => wholeNumber(value, 0, 65_535))
  const connections = attempt('NASHRA_SMTP_CONNECTIONS', 10, (value) => wholeNumber(value, 1, 200))
  const rate = attempt('NASHRA_SMTP_RATE', undefined, (value) => positive(value))
  const from = attempt('NASHRA_FROM', undefined, sender)
  const config: Config = {
    data,
    database: attempt('NASHRA_DATABASE', join(data, 'nashra.db'), databaseTarget),
    host: env['NASHRA_HOST']?.trim() || '127.0.0.1',
    port,
    url: attempt('NASHRA_URL', `http://localhost:${port}`, publicUrl),
    ...(env['NASHRA_NAME']?.trim() && { name: env['NASHRA_NAME'].trim() }),
    ...(from && { from }),
    media: resolve(env['NASHRA_MEDIA'] || join(data, 'media')),
    relays: attempt('NASHRA_SMTP', [], (value) => readRelays(value, connections, rate)),
    inbound: attempt('NASHRA_INBOUND', [], (value) => value.split(/\s+/).map(inbound)),
    retry: attempt('NASHRA_RETRY', ['1m', '5m', '30m', '2h', '6h', '12h', '24h'].map(duration), (value) =>
      value.split(',').map(pause),
    ),
    secretFile: resolve(env['NASHRA_SECRET_FILE'] || join(data, 'secret')),
    fetchAllow: attempt('NASHRA_FETCH_ALLOW', [], (value) =>
      value
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(hostAndPort),
    ),
    trustProxy: attempt('NASHRA_TRUST_PROXY', [], (value) =>
      value
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(addressOrNetwork),
    ),
    keep: attempt('NASHRA_KEEP', {}, readKeeping),
    logLevel: attempt('NASHRA_LOG', 'info', oneOf(LEVELS)),
    language: (env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || 'en').slice(0, 2).toLowerCase(),
  }
  if (mistakes.length > 0) throw new Problem('config', { mistakes: mistakes.join('; ') })
  return config
}

function databaseTarget(value: string): string {
  if (/^postgres(ql)?:\/\//.test(value)) {
    try {
      new URL(value)
    } catch {
      throw new Error('this postgres:// address cannot be read; write @ : / ? # in the password as %40 %3A %2F %3F %23')
    }
    return value
  }
  if (/^[a-z][a-z0-9+]+:\/\//i.test(value)) throw new Error('give a file path or a postgres:// address')
  return resolve(value)
}

function sender(value: string): Mailbox {
  try {
    return mailbox(value)
  } catch {
    throw new Error('give a sender like News <news@paper.example>')
  }
}

function pause(value: string): number {
  try {
    return duration(value)
  } catch {
    throw new Error(`«${value}» is not a pause like 90s, 5m or 48h, of at most 3650d`)
  }
}

function publicUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new Error('give the public address of the site, like https://news.example')
  }
  if (url.pathname !== '/')
    throw new Error(`«${url.pathname}» is a path, and Nashra's pages begin at the root of a host name of its own`)
  return url.origin
}

const RELAY_PARTS = ['rate', 'day', 'connections', 'sign', 'domains']

/** Reads the addresses of relays, with white space between; an Error says what is wrong with the first that is none. */
export function readRelays(text: string, connections: number, rate?: number): Relay[] {
  return text.split(/\s+/).map((url) => relay(url, connections, rate))
}

/** Reads `smtp://user:pass@host:port?rate=14&day=50000&connections=5&sign=no&domains=gmail.com:5,*:20`. The message never repeats the password. */
function relay(value: string, connections: number, rate: number | undefined): Relay {
  if (!/^smtps?:\/\//.test(value) || !URL.canParse(value)) {
    throw new Error(
      'a relay is smtp://user:password@host:port or smtps://…; in the password write @ : / ? # % as %40 %3A %2F %3F %23 %25',
    )
  }
  const url = new URL(value)
  const unknown = [...url.searchParams.keys()].filter((key) => !RELAY_PARTS.includes(key))
  if (unknown.length > 0 || url.hash || url.pathname.length > 1) {
    const named = /@/.test(url.pathname + url.search + url.hash) ? 'or a password does' : unknown.join(', ') || 'a path'
    throw new Error(
      `a relay's address has parts that it does not know (${named}): only ?rate=, day=, connections=, sign= and domains=; in the password write @ / ? # as %40 %2F %3F %23`,
    )
  }
  const secure = url.protocol === 'smtps:'
  const port = Number(url.port) || (secure ? 465 : 25)
  const limit = url.searchParams.get('rate')
  const perSecond = limit ? positive(limit) : rate
  const day = url.searchParams.get('day')
  const domains = url.searchParams.getAll('domains').join(',')
  return {
    name: `${url.hostname}:${port}`,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    secure,
    ...(url.username && { user: unescaped(url.username), password: unescaped(url.password) }),
    ...(perSecond && { rate: perSecond }),
    ...(day && { day: wholeNumber(day, 1, 1e9) }),
    connections: wholeNumber(url.searchParams.get('connections') ?? String(connections), 1, 200),
    sign: yes('sign', url.searchParams.get('sign') ?? 'yes'),
    ...(url.searchParams.has('domains') && { domains: domainRates(domains) }),
  }
}

/** `yes` or `no`; anything else may be a password with a bare question mark. */
function yes(name: string, value: string): boolean {
  if (value !== 'yes' && value !== 'no') throw new Error(`${name}= is yes or no; a ? in a password is written as %3F`)
  return value === 'yes'
}

/** Reads `gmail.com:5,yahoo.com:2,*:20`. */
function domainRates(value: string): ReadonlyMap<string, number> {
  const rates = new Map<string, number>()
  for (const part of value.split(',')) {
    const [, name = '', rate = ''] = /^\s*([^:\s]+):(\d+(?:\.\d+)?)\s*$/.exec(part) ?? []
    const domain = name === '*' ? name : recipientDomain(name)
    if (!domain || !(Number(rate) >= SLOWEST && Number(rate) < 1e6))
      throw new Error(
        `«${part.trim().slice(0, 80)}» is not a domain and its letters per second: write domains=gmail.com:5,yahoo.com:0.5,*:20, where * is every other domain by itself`,
      )
    if (rates.has(domain)) throw new Error(`domains= names ${domain} twice`)
    rates.set(domain, Number(rate))
  }
  return rates
}

function recipientDomain(name: string): string | undefined {
  try {
    return email(`b@${name}`).slice(2)
  } catch {
    return undefined
  }
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('the user or the password of a relay holds a bare %; write it as %25')
  }
}

/** `host:port`, in the one spelling that a URL has it in. */
function hostAndPort(value: string): string {
  const [, host, port] = /^([^\s/@?#\\:*]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(value) ?? []
  const sane = Number(port) >= 1 && Number(port) <= 65_535
  if (!host || !sane || !URL.canParse(`http://${host}`))
    throw new Error(`«${value}» is not host:port, like intranet.example:8080, 10.0.0.5:80 or [fd00::5]:443`)
  return `${new URL(`http://${host}`).hostname}:${Number(port)}`
}

/** `10.0.0.1`, `::1`, or a network like `10.0.0.0/8`. */
function addressOrNetwork(value: string): string {
  const [address = '', bits, ...more] = value.split('/')
  const version = isIP(address)
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  if (version === 0 || !fits || more.length > 0 || (bits !== undefined && /^::ffff:/i.test(address)))
    throw new Error(`«${value}» is not an IP address or network, like 10.0.0.1 or 10.0.0.0/8`)
  return value
}

function wholeNumber(value: string, least: number, most: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new Error(`«${value}» is not a whole number from ${least} to ${most}`)
  return number
}

function positive(value: string): number {
  const number = Number(value)
  if (!(number > 0 && number < 1e6)) throw new Error(`«${value}» is not a number above 0`)
  return number
}

function oneOf(words: string[]): (value: string) => string {
  return (value) => {
    if (!words.includes(value)) throw new Error(`«${value}» is not one of ${words.join(', ')}`)
    return value
  }
}

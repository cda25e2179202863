import { isUtf8 } from 'node:buffer'
import { Agent, type Dispatcher, request } from 'undici'
import manifest from '../../package.json' with { type: 'json' }
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import { check, lookupFor, Refusal } from './guard.ts'
import { CODINGS, inflated, tooLarge } from './inflate.ts'

/** What is asked of a stranger: `accept` is a header, `mostBytes` counts before and after inflating (10 MB unless given). */
export type Wanted = { accept?: string; mostBytes?: number; signal?: AbortSignal }

/** A stranger's answer, whatever its status; `url` is where it stood after redirects, names of headers are in lower case. */
export type Fetched = { status: number; headers: Record<string, string>; body: Buffer; url: string }

const MOST_BYTES = 10_000_000
const MOST_REDIRECTS = 5
const TO_CONNECT = 10_000 // ms
const IN_ALL = 30_000 // ms

/**
 * Asks a stranger. The address that is connected to must be public, on every hop, or one of NASHRA_FETCH_ALLOW; nothing is
 * sent that tells more than who we are. At most 10 s to connect, 30 s and five redirects in all.
 *
 * Throws Problem `fetch-failed` with the reason, in English, where there is no answer that can be used.
 */
export async function get(app: Pick<App, 'config'>, address: string, wanted: Wanted = {}): Promise<Fetched> {
  const deadline = AbortSignal.timeout(IN_ALL)
  const signal = wanted.signal ? AbortSignal.any([wanted.signal, deadline]) : deadline
  let url = parsed(address)
  try {
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const answer = await hop(app, url, { ...wanted, signal })
      if (!('location' in answer)) return answer
      url = parsed(answer.location, url)
    }
    throw new Refusal(`more than ${MOST_REDIRECTS} redirects`)
  } catch (error) {
    throw new Problem('fetch-failed', { host: url.host, reason: reasonOf(error) }, { cause: error })
  }
}

function parsed(address: string, base?: URL): URL {
  if (URL.canParse(address, base)) return new URL(address, base)
  if (base) throw new Refusal('it redirects to what is not an address')
  throw new Problem('fetch-failed', { host: address.slice(0, 200), reason: 'it is not an address' })
}

/** One request, with a connection of its own: no cookie, credential or checked name outlives it. */
async function hop(
  app: Pick<App, 'config'>,
  url: URL,
  wanted: Wanted & { signal: AbortSignal },
): Promise<Fetched | { location: string }> {
  const { fetchAllow } = app.config
  check(url, fetchAllow)
  const dispatcher = new Agent({
    connect: { lookup: lookupFor(url, fetchAllow), timeout: TO_CONNECT },
    allowH2: false,
  })
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      signal: wanted.signal,
      headers: {
        'user-agent': `Nashra/${manifest.version} (+${app.config.url})`,
        accept: wanted.accept ?? '*/*',
        'accept-encoding': CODINGS,
      },
    })
    const named = joined(headers)
    const location = [301, 302, 303, 307, 308].includes(statusCode) && named['location']
    if (location) return { location: asUtf8(location) }
    const most = wanted.mostBytes ?? MOST_BYTES
    const bytes = await inflated(await read(body, named, most), named['content-encoding'] ?? '', most)
    return { status: statusCode, headers: named, body: bytes, url: url.href }
  } finally {
    await dispatcher.destroy()
  }
}

async function read(
  body: Dispatcher.ResponseData['body'],
  headers: Record<string, string>,
  most: number,
): Promise<Buffer> {
  if (Number(headers['content-length']) > most) throw tooLarge(most)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function joined(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

/** A Location is meant to be ASCII; servers that write Arabic in it write UTF-8, and undici reads Latin-1. */
function asUtf8(header: string): string {
  const bytes = Buffer.from(header, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : header
}

const REASONS: Record<string, string> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the host',
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${TO_CONNECT / 1000} s`,
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too long',
}

/** An error as a few English words, without what only an engineer wants. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  if (error instanceof Refusal) return error.message
  if (error.name === 'TimeoutError') return `no whole answer within ${IN_ALL / 1000} s`
  if (error.name === 'AbortError') return 'we stopped'
  const code = (error as NodeJS.ErrnoException).code ?? error.name
  return REASONS[code] ?? `it did not speak as a web server does (${code})`
}

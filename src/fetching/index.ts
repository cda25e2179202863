import { isUtf8 } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import manifest from '../../package.json' with { type: 'json' }
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import { check, lookupFor, Refusal } from './guard.ts'
import { CODINGS, inflated, tooLarge } from './inflate.ts'
import { IN_ALL, reasonOf, TO_CONNECT } from './reasons.ts'

/**
 * What is asked of a stranger: `accept` is a header, `mostBytes` counts before and after inflating (10 MB unless given);
 * `patience` is for all of it, in ms (30 s unless given).
 *
 * `etag` and `lastModified` are the validators of an earlier answer, sent byte for byte (Latin-1) as they came, and never to
 * another origin than the address's own. `subscribers` is how many readers wait for the answer. `entering` is awaited before
 * each hop with the address that will be asked; what it throws ends the request.
 */
export type Wanted = {
  method?: 'GET' | 'HEAD'
  accept?: string
  mostBytes?: number
  patience?: number
  signal?: AbortSignal
  etag?: string
  lastModified?: string
  subscribers?: number
  entering?: (url: URL, signal: AbortSignal) => Promise<void>
}

/**
 * A stranger's answer, whatever its status; `url` is where it stood after redirects, names of headers are in lower case.
 *
 * `movedTo` is where the address has gone for good: the end of the 301 and 308 hops that came first, if there were any.
 */
export type Fetched = { status: number; headers: Record<string, string>; body: Buffer; url: string; movedTo?: string }

const MOST_BYTES = 10_000_000
const MOST_REDIRECTS = 5
const SETTLING = 10 // ms until the server has seen that the connection of the last hop has ended
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]+$/

/**
 * Asks a stranger. The address that is connected to must be public, on every hop, or one of NASHRA_FETCH_ALLOW; nothing is
 * sent that tells more than who we are. At most 10 s to connect, 30 s and five redirects in all.
 *
 * Throws Problem `fetch-failed` with the reason, in English, where there is no answer that can be used.
 */
export async function get(app: Pick<App, 'config'>, address: string, wanted: Wanted = {}): Promise<Fetched> {
  const deadline = AbortSignal.timeout(wanted.patience ?? IN_ALL)
  const signal = wanted.signal ? AbortSignal.any([wanted.signal, deadline]) : deadline
  const trip: Trip = { from: parsed(address), at: parsed(address), seen: new Set(), lasting: true }
  try {
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const answer = await hop(app, trip, { ...wanted, signal })
      if (!('location' in answer)) return { ...answer, ...(trip.movedTo && { movedTo: trip.movedTo.href }) }
      follow(trip, answer)
      await sleep(SETTLING)
    }
    throw new Refusal(`more than ${MOST_REDIRECTS} redirects`)
  } catch (error) {
    throw new Problem(
      'fetch-failed',
      { host: trip.at.host, reason: reasonOf(error, wanted.patience) },
      { cause: error },
    )
  }
}

/** Why an address may not be asked at all, in English; undefined if nothing in it speaks against it. */
export function refusal(app: Pick<App, 'config'>, address: string): string | undefined {
  try {
    check(parsed(address), app.config.fetchAllow)
    return undefined
  } catch (error) {
    return error instanceof Problem ? String(error.values['reason']) : reasonOf(error)
  }
}

/** A request on its way through redirects; `lasting` as long as all of them were for good. */
type Trip = { from: URL; at: URL; seen: Set<string>; lasting: boolean; movedTo?: URL }

function follow(trip: Trip, { status, location }: { status: number; location: string }): void {
  trip.seen.add(trip.at.href)
  trip.at = parsed(location, trip.at)
  trip.lasting &&= status === 301 || status === 308
  if (trip.lasting) trip.movedTo = trip.at
  if (trip.seen.has(trip.at.href)) throw new Refusal('it redirects in a circle')
}

function parsed(address: string, base?: URL): URL {
  if (URL.canParse(address, base)) return new URL(address, base)
  if (base) throw new Refusal('it redirects to what is not an address')
  throw new Problem('fetch-failed', { host: address.slice(0, 200), reason: 'it is not an address' })
}

/** One request, with a connection of its own: no cookie, credential or checked name outlives it. */
async function hop(
  app: Pick<App, 'config'>,
  { from, at: url }: Trip,
  wanted: Wanted & { signal: AbortSignal },
): Promise<Fetched | { status: number; location: string }> {
  const { fetchAllow } = app.config
  check(url, fetchAllow)
  await wanted.entering?.(url, wanted.signal)
  const dispatcher = new Agent({
    connect: { lookup: lookupFor(url, fetchAllow), timeout: TO_CONNECT },
    allowH2: false,
  })
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      method: wanted.method ?? 'GET',
      signal: wanted.signal,
      headers: {
        'user-agent': agent(app, wanted.subscribers),
        accept: wanted.accept ?? '*/*',
        'accept-encoding': CODINGS,
        ...(url.origin === from.origin && validators(wanted)),
      },
    })
    const named = joined(headers)
    const location = [301, 302, 303, 307, 308].includes(statusCode) && named['location']
    if (location) return { status: statusCode, location: asUtf8(location) }
    const most = wanted.mostBytes ?? MOST_BYTES
    const coded = wanted.method === 'HEAD' ? Buffer.alloc(0) : await read(body, named, most)
    const bytes = await inflated(coded, named['content-encoding'] ?? '', most)
    return { status: statusCode, headers: named, body: bytes, url: url.href }
  } finally {
    await dispatcher.destroy()
  }
}

/** Who asks: hosted readers say in the same way for how many they do. */
function agent(app: Pick<App, 'config'>, subscribers = 0): string {
  const readers = subscribers > 0 ? `; ${subscribers} ${subscribers === 1 ? 'subscriber' : 'subscribers'}` : ''
  return `Nashra/${manifest.version} (+${app.config.url}${readers})`
}

/** undici writes the header in Latin-1, so that each character is the byte that came; anything else would be none of theirs. */
function validators({ etag, lastModified }: Wanted): Record<string, string> {
  return {
    ...(etag && SENDABLE.test(etag) && { 'if-none-match': etag }),
    ...(lastModified && SENDABLE.test(lastModified) && { 'if-modified-since': lastModified }),
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

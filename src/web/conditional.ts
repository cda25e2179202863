import type { IncomingHttpHeaders } from 'node:http'

export type Coding = 'identity' | 'gzip' | 'br'

const PREFERRED: Coding[] = ['br', 'gzip', 'identity'] // among those that the client likes alike
const MOST_REMEMBERED = 200
const remembered = new Map<string, Coding>()

/** The coding of ours that a client likes best (RFC 9110 §12.5.3); the plain bytes if it refuses all. */
export function codingFor(header: string | undefined): Coding {
  if (!header) return 'identity'
  const known = remembered.get(header)
  if (known) return known
  const coding = best(header)
  if (remembered.size >= MOST_REMEMBERED) remembered.clear()
  remembered.set(header, coding)
  return coding
}

function best(header: string): Coding {
  const weights = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((piece) => piece.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name!.replace(/^x-/, ''), weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  const liked = (coding: Coding) => weights.get(coding) ?? weights.get('*') ?? (coding === 'identity' ? 0.001 : 0)
  const welcome = PREFERRED.filter((coding) => liked(coding) > 0)
  return welcome.reduce((chosen, coding) => (liked(coding) > liked(chosen) ? coding : chosen), welcome[0] ?? 'identity')
}

/**
 * The tag under which the client already has what it asks for (RFC 9110 §13.1): `If-None-Match` decides where it is given,
 * else `If-Modified-Since`; undefined if it has not. `own` is the tag of what it would get, `all` are those of all codings;
 * `modified` may be given as the one moment that must be met exactly, where it does not only ever move on.
 */
export function alreadyHas(
  headers: IncomingHttpHeaders,
  own: string,
  all: string[],
  modified: number | { exactly: number } | undefined,
): string | undefined {
  const given = headers['if-none-match']
  if (given !== undefined) {
    if (given.trim() === '*') return own
    const theirs: string[] = given.match(/"[^"]*"/g) ?? [] // compared weakly: `W/` does not count
    return [own, ...all].find((tag) => theirs.includes(tag))
  }
  const since = httpDate(headers['if-modified-since'] ?? '')
  if (modified === undefined) return undefined
  return (typeof modified === 'number' ? modified <= since : modified.exactly === since) ? own : undefined
}

/** A date in one of the three forms that HTTP has (RFC 9110 §5.6.7); NaN for everything else, which is to be ignored. */
function httpDate(text: string): number {
  return /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN
}

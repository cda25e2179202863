import type { Bytes } from './feed-bytes.ts'

/** An answer as it goes over the wire, in one piece or head and body. */
export type Frame = Buffer | Buffer[]

type Kept = { second: number; frame: Frame }

const ONE_PIECE = 65_536 // bytes up to which a body is kept together with its head
const kept = new WeakMap<Bytes, Map<string, Kept>>()

/**
 * A document's answer, as node:http writes it: made once a second, when its Date changes. `key` tells the document's answers
 * apart; without a body it is a 304.
 */
export function frame(of: Bytes, key: string, headers: string[], body: Buffer | undefined, second: number): Frame {
  const frames = kept.get(of) ?? new Map<string, Kept>()
  kept.set(of, frames)
  const known = frames.get(key)
  if (known?.second === second) return known.frame
  const head = headOf(body ? '200 OK' : '304 Not Modified', headers, second)
  const made = !body ? head : body.length > ONE_PIECE ? [head, body] : Buffer.concat([head, body])
  frames.set(key, { second, frame: made })
  return made
}

function headOf(status: string, headers: string[], second: number): Buffer {
  const date = ['Date', new Date(second * 1000).toUTCString()]
  const all = [...headers, ...date, 'Connection', 'keep-alive', 'Keep-Alive', 'timeout=5']
  const lines = Array.from({ length: all.length / 2 }, (_, n) => `${all[2 * n]}: ${all[2 * n + 1]}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1')
}

import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Instant } from '../../db/instant.ts'
import type { Document } from '../syndication/index.ts'
import type { Coding } from './conditional.ts'

/** A document as bytes to be served: every coding with its own strong tag. */
export type Bytes = {
  type: string
  modified: Instant
  /** Whether `modified` never goes back: it is kept, not read off what the document happens to hold. */
  kept: boolean
  bodies: Record<Coding, Buffer>
  tags: Record<Coding, string>
}

/** Built anew with every change: the highest levels take three times as long for three bytes in a hundred. */
const compressions = {
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 4 }),
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
}

/** The tags are of the plain bytes: the same on every machine and after every start. */
export async function encoded({ body, type, changedAt }: Document, kept: boolean): Promise<Bytes> {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  const [zipped, brotli] = await Promise.all([compressions.gzip(body), compressions.br(body)])
  return {
    type,
    modified: changedAt,
    kept,
    bodies: { identity: body, gzip: zipped, br: brotli },
    tags: tagsOf(hash),
  }
}

/** One tag for each coding of the same document. */
export function tagsOf(hash: string): Record<Coding, string> {
  return { identity: `"${hash}"`, gzip: `"${hash}-gz"`, br: `"${hash}-br"` }
}

/** What it takes in memory. */
export function sizeOf({ bodies }: Bytes): number {
  return Object.values(bodies).reduce((sum, body) => sum + body.length, 0)
}

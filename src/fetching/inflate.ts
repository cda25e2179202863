import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { Refusal } from './guard.ts'

/** The codings we ask for and can read. */
export const CODINGS = 'gzip, deflate, br, zstd'

const ZSTD_WINDOW = 23 // 8 MB, the most that a web server may use (RFC 9659)

type Inflate = (bytes: Buffer, maxOutputLength: number) => Promise<Buffer>

const INFLATE: Record<string, Inflate> = {
  gzip: gunzipped,
  deflate: (bytes, maxOutputLength) =>
    isZlib(bytes)
      ? promisify(zlib.inflate)(bytes, { maxOutputLength })
      : promisify(zlib.inflateRaw)(bytes, { maxOutputLength }),
  br: (bytes, maxOutputLength) => promisify(zlib.brotliDecompress)(bytes, { maxOutputLength }),
  zstd: (bytes, maxOutputLength) =>
    promisify(zlib.zstdDecompress)(bytes, {
      maxOutputLength,
      params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW },
    }),
}

/** The bytes behind a Content-Encoding, undone once and never more than `most` of them; throws a Refusal. */
export async function inflated(bytes: Buffer, encoding: string, most: number): Promise<Buffer> {
  const codings = encoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim().replace(/^x-/, ''))
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length === 0 || bytes.length === 0) return bytes
  const inflate = codings.length === 1 && Object.hasOwn(INFLATE, codings[0]!) ? INFLATE[codings[0]!] : undefined
  if (!inflate) throw new Refusal('its content encoding is not one that we know')
  try {
    return await inflate(bytes, most)
  } catch (error) {
    if (isTooLarge(error)) throw tooLarge(most)
    throw new Refusal(`its ${codings[0]} coding cannot be read`, { cause: error })
  }
}

/** Some servers add a line end or a comment: what stands behind the coded bytes does not count, as in browsers. */
async function gunzipped(bytes: Buffer, maxOutputLength: number): Promise<Buffer> {
  const gunzip = promisify(zlib.gunzip)
  try {
    return await gunzip(bytes, { maxOutputLength })
  } catch (error) {
    // A gzip ends with its length before coding, least byte first: below 16 MB the last one is zero.
    const end = bytes.lastIndexOf(0) + 1
    if (isTooLarge(error) || end === bytes.length) throw error
    return gunzip(bytes.subarray(0, end), { maxOutputLength })
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
}

export function tooLarge(most: number): Refusal {
  return new Refusal(`larger than ${most} bytes`)
}

/** RFC 9110 §8.4.1.2: `deflate` is the zlib format, and some servers send it without its two bytes of header. */
function isZlib(bytes: Buffer): boolean {
  return bytes.length > 1 && (bytes[0]! & 15) === 8 && bytes.readUInt16BE(0) % 31 === 0
}

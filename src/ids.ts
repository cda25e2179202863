import { randomBytes } from 'node:crypto'

const ALPHABET = '23456789abcdefghjkmnpqrstvwxyz' // 30 letters nobody mixes up when reading aloud

/** A public id: 11 letters, 54 bits, unguessable enough for what is public anyway. */
export function publicId(): string {
  let id = ''
  while (id.length < 11) for (const byte of randomBytes(16)) if (byte < 240 && id.length < 11) id += ALPHABET[byte % 30]
  return id
}

/**
 * So many public ids that begin alike: an index takes them in one place instead of all over. Eight letters of each are its
 * own, 39 bits.
 */
export function publicIds(n: number): string[] {
  const beginning = publicId().slice(0, 3)
  return Array.from({ length: n }, () => beginning + publicId().slice(3))
}

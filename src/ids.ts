import { randomBytes } from 'node:crypto'

const ALPHABET = '23456789abcdefghjkmnpqrstvwxyz' // 30 letters nobody mixes up when reading aloud

const LENGTH = 11

/** A public id: 11 letters, 54 bits, unguessable enough for what is public anyway. */
export function publicId(): string {
  return letters(LENGTH)
}

/**
 * So many public ids that begin alike: an index takes them in one place instead of all over. Eight letters of each are its
 * own, 39 bits.
 */
export function publicIds(n: number): string[] {
  const beginning = letters(3)
  const own = letters(n * (LENGTH - beginning.length))
  return Array.from({ length: n }, (_, at) => beginning + own.slice(at * 8, at * 8 + 8))
}

/** So many letters of no order; 16 in 256 bytes would favour some, and are left out. */
function letters(n: number): string {
  let text = ''
  while (text.length < n)
    for (const byte of randomBytes(Math.ceil((n - text.length) * 1.1) + 4))
      if (byte < 240 && text.length < n) text += ALPHABET[byte % 30]
  return text
}

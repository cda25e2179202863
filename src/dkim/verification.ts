import { createHash, type KeyObject, verify } from 'node:crypto'
import { fields, relaxed, relaxedBody, selected } from './canonical.ts'

/**
 * Whether a letter bears a signature that this public key verifies: as a receiver would see it, from the bytes alone.
 * Answers why it does not, undefined when all is well.
 */
export function verified(letter: Buffer, key: KeyObject): string | undefined {
  const text = letter.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const all = fields(text.slice(0, end + 2))
  const own = all.find(({ name }) => name.toLowerCase() === 'dkim-signature')
  if (!own) return 'it is not signed'
  const tags = new Map(
    own.value
      .split(';')
      .map((tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).replace(/\s+/g, '')]),
  )
  const body = createHash('sha256')
    .update(relaxedBody(text.slice(end + 4)), 'latin1')
    .digest('base64')
  if (tags.get('bh') !== body) return 'its body is not what was signed'
  const unsigned = { name: own.name, value: own.value.replace(/(\bb=)[^;]*$/, '$1') }
  const signed = [...selected(all, tags.get('h')!.split(':')), unsigned].map(relaxed).join('\r\n')
  const good = verify('sha256', Buffer.from(signed, 'latin1'), key, Buffer.from(tags.get('b') ?? '', 'base64'))
  return good ? undefined : 'its headers are not what was signed'
}

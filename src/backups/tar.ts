import { Problem } from '../problem.ts'

/*
 * As much of a tar (POSIX.1-1988 ustar) as a backup needs: plain files one after another. The reader takes nothing else: no
 * folders, links or devices, no name that the caller does not allow.
 */

export type Member = { name: string; size: number }

const BLOCK = 512
const OCTAL = 0o77777777777 // larger sizes are written as GNU tar does: binary, with the first bit set

/** The header of one file; its bytes follow, then `padding`. */
export function header({ name, size }: Member, at: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100, 'ascii')
  block.write('0000600\0', 100, 'ascii')
  block.write('0000000\0', 108, 'ascii')
  block.write('0000000\0', 116, 'ascii')
  if (size <= OCTAL) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'ascii')
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write(
    `${Math.floor(at / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
    'ascii',
  )
  block.write('0', 156, 'ascii')
  block.write('ustar\0', 257, 'ascii')
  block.write('00', 263, 'ascii')
  block.write(`${sum(block).toString(8).padStart(6, '0')}\0 `, 148, 'ascii')
  return block
}

/** The zeros after a file of this size. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** What stands at the end. */
export const end = Buffer.alloc(2 * BLOCK)

/**
 * The files of a tar in their order; each one's bytes must be read to their end before the next comes. A name that is not
 * allowed, a wrong sum, or an end before the end is a Problem that names `file`.
 */
export async function* members(
  file: string,
  source: AsyncIterable<Buffer>,
  allowed: (name: string) => boolean,
): AsyncGenerator<Member & { bytes: AsyncIterable<Buffer> }> {
  const input = reader(source)
  for (;;) {
    const block = await input.exactly(BLOCK)
    if (!block) throw damaged(file, 'it has no end')
    if (block.every((byte) => byte === 0)) return
    const member = parsed(file, block)
    if (!allowed(member.name)) throw foreign(file, `it holds «${member.name.slice(0, 60)}»`)
    yield { ...member, bytes: input.bytes(member.size, () => damaged(file, `${member.name} is cut short`)) }
    if ((await input.exactly(padding(member.size).length)) === undefined) throw damaged(file, 'it has no end')
  }
}

function parsed(file: string, block: Buffer): Member {
  const claimed = Number.parseInt(block.toString('ascii', 148, 154), 8)
  const bare = Buffer.from(block)
  bare.fill(' ', 148, 156)
  const isUstar = block.toString('ascii', 257, 262) === 'ustar'
  if (!isUstar) throw foreign(file, 'it is no tar')
  if (claimed !== sum(bare)) throw damaged(file, 'a header in it has a wrong sum')
  const kind = String.fromCharCode(block[156]!)
  const prefix = block.toString('latin1', 345, 500).replace(/\0.*$/s, '')
  const name = block.toString('latin1', 0, 100).replace(/\0.*$/s, '')
  if ((kind !== '0' && kind !== '\0') || prefix)
    throw foreign(file, `it holds «${name.slice(0, 60)}», which is no plain file`)
  const size =
    block[124] === 0x80 ? Number(block.readBigUInt64BE(128)) : Number.parseInt(block.toString('ascii', 124, 135), 8)
  if (!Number.isSafeInteger(size) || size < 0) throw damaged(file, 'a header in it has no size')
  return { name, size }
}

/** The sum of a header's bytes, its own field read as spaces. */
function sum(block: Buffer): number {
  return block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
}

/** Takes exact lengths out of a stream of chunks. */
function reader(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  async function more(): Promise<boolean> {
    const { done, value } = await chunks.next()
    if (!done) rest = rest.length > 0 ? Buffer.concat([rest, value]) : value
    return !done
  }
  return {
    async exactly(length: number): Promise<Buffer | undefined> {
      while (rest.length < length) if (!(await more())) return undefined
      const piece = rest.subarray(0, length)
      rest = rest.subarray(length)
      return piece
    },
    async *bytes(length: number, cut: () => Problem): AsyncGenerator<Buffer> {
      for (let left = length; left > 0; ) {
        if (rest.length === 0 && !(await more())) throw cut()
        const piece = rest.subarray(0, Math.min(left, rest.length))
        rest = rest.subarray(piece.length)
        left -= piece.length
        if (piece.length > 0) yield piece
      }
    },
  }
}

export function damaged(file: string, reason: string, cause?: unknown): Problem {
  return new Problem('backup-damaged', { file, reason }, { cause })
}

export function foreign(file: string, reason: string): Problem {
  return new Problem('backup-foreign', { file, reason })
}

import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { publicId } from '../ids.ts'

/**
 * A place to sort millions of rows in little memory: rows that begin alike lie in one compartment, on disk once they are
 * many. The files lose their names the moment they are made, so that nothing stays behind, however the process ends.
 */
export type Shelf = {
  /** Keeps a row; it begins with at least two hexadecimal digits and holds no line feed. */
  put(row: string): void
  /** All rows, sorted, a compartment at a time. */
  sorted(): Generator<string[]>
  close(): void
}

const COMPARTMENTS = 256
const ROOM = 16 * 1024 // bytes of a compartment that are not on disk yet

type Compartment = { bytes: Buffer; used: number; file?: number; size: number }

export function openShelf(folder: string): Shelf {
  const compartments = new Map<number, Compartment>()
  function write(compartment: Compartment, bytes: Uint8Array): void {
    compartment.file ??= nameless(folder)
    writeSync(compartment.file, bytes, 0, bytes.length, compartment.size)
    compartment.size += bytes.length
  }
  return {
    put(row) {
      const place = Number.parseInt(row.slice(0, 2), 16)
      const known = compartments.get(place) ?? { bytes: Buffer.allocUnsafeSlow(ROOM), used: 0, size: 0 }
      compartments.set(place, known)
      const most = row.length * 3 + 1 // of UTF-8
      if (known.used + most > ROOM) {
        write(known, known.bytes.subarray(0, known.used))
        known.used = 0
      }
      // Written into what is there already: strings that wait would make millions that must be cleared up.
      if (most > ROOM) write(known, Buffer.from(`${row}\n`))
      else known.used += known.bytes.write(`${row}\n`, known.used)
    },
    *sorted() {
      for (let place = 0; place < COMPARTMENTS; place++) {
        const known = compartments.get(place)
        if (known) yield stored(known).sort()
      }
    },
    close() {
      for (const { file } of compartments.values()) if (file !== undefined) closeSync(file)
      compartments.clear()
    },
  }
}

function nameless(folder: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `import-${publicId()}.tmp`)
  const file = openSync(path, 'wx+', 0o600)
  rmSync(path, { force: true })
  return file
}

function stored({ file, size, bytes, used }: Compartment): string[] {
  const all = Buffer.allocUnsafe(size + used)
  for (let read = 0; read < size; ) read += readSync(file!, all, read, size - read, read)
  bytes.copy(all, size, 0, used)
  return all.toString('utf8').trimEnd().split('\n')
}

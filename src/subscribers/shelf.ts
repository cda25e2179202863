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
const KEPT = 200 // rows of a compartment that are not on disk yet

export function openShelf(folder: string): Shelf {
  const waiting = Array.from({ length: COMPARTMENTS }, (): string[] => [])
  const files = new Map<number, { file: number; size: number }>()
  function flush(place: number): void {
    const known = files.get(place) ?? { file: nameless(folder), size: 0 }
    files.set(place, known)
    const bytes = Buffer.from(`${waiting[place]!.join('\n')}\n`)
    writeSync(known.file, bytes, 0, bytes.length, known.size)
    known.size += bytes.length
    waiting[place] = []
  }
  return {
    put(row) {
      const place = Number.parseInt(row.slice(0, 2), 16)
      if (waiting[place]!.push(row) >= KEPT) flush(place)
    },
    *sorted() {
      for (let place = 0; place < COMPARTMENTS; place++) {
        const rows = [...stored(files.get(place)), ...waiting[place]!]
        if (rows.length > 0) yield rows.sort()
      }
    },
    close() {
      for (const { file } of files.values()) closeSync(file)
      files.clear()
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

function stored(known: { file: number; size: number } | undefined): string[] {
  if (!known) return []
  const bytes = Buffer.allocUnsafe(known.size)
  for (let read = 0; read < known.size; ) read += readSync(known.file, bytes, read, known.size - read, read)
  return bytes.toString('utf8').trimEnd().split('\n')
}

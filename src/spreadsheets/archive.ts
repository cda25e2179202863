import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { Problem } from '../problem.ts'

/** A table to be read: what it is called, how many bytes it has, and its bytes, opened when its turn comes. */
export type TableFile = { name: string; size?: number; open(): Promise<AsyncIterable<Uint8Array | string>> }

const MOST_ENTRIES = 1000
const MOST_BYTES = 8 * 2 ** 30 // of all tables together, unpacked
const MOST_RATIO = 300 // unpacked to packed; addresses pack at best thirty to one

/**
 * The tables of a file: itself, or those that its ZIP holds. Nothing is unpacked to disk, so names in it are only names. A
 * ZIP that is damaged, encrypted, or unpacks to more than can be meant is a Problem.
 */
export async function tablesOf(file: string): Promise<TableFile[]> {
  const { size } = await stat(file).catch(unreadable(file))
  if (!(await isZip(file))) return [{ name: file, size, open: async () => reading(file) }]
  const entries = await withZip(file, (zip) => tableEntries(zip))
  if (entries.length === 0) return [{ name: file, size, open: async () => reading(file) }] // whose reader says what it is
  const unpacked = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
  if (unpacked > MOST_BYTES || entries.some(isBomb)) throw new Problem('archive-too-large', { file })
  return entries.map((entry) => ({
    name: entry.fileName,
    size: entry.uncompressedSize,
    open: async () => unpacking(file, entry),
  }))
}

async function tableEntries(zip: ZipFile): Promise<Entry[]> {
  const found: Entry[] = []
  let seen = 0
  for await (const entry of zip.eachEntry()) {
    if (++seen > MOST_ENTRIES) throw new Error(`more than ${MOST_ENTRIES} files`)
    const name = entry.fileName
    if (/\.(csv|tsv|txt)$/i.test(name) && !/(^|\/)(\.|__MACOSX\/)/.test(name)) found.push(entry)
  }
  return found
}

function isBomb({ compressedSize, uncompressedSize }: Entry): boolean {
  return uncompressedSize > 2 ** 20 && uncompressedSize > compressedSize * MOST_RATIO
}

/** The bytes of an entry; yauzl ends with an error where they are more than the directory says. */
async function* unpacking(file: string, wanted: Entry): AsyncGenerator<Uint8Array> {
  const zip = await openPromise(file, { autoClose: false }).catch(unreadable(file))
  try {
    yield* await zip.openReadStreamPromise(wanted)
  } catch (error) {
    unreadable(file)(error as Error)
  } finally {
    zip.close()
  }
}

async function withZip<T>(file: string, work: (zip: ZipFile) => Promise<T>): Promise<T> {
  const zip = await openPromise(file, { autoClose: false }).catch(unreadable(file))
  try {
    return await work(zip)
  } catch (error) {
    return unreadable(file)(error as Error)
  } finally {
    zip.close()
  }
}

async function isZip(file: string): Promise<boolean> {
  const handle = await open(file).catch(unreadable(file))
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 4 && buffer.readUInt32BE() === 0x504b0304
  } finally {
    await handle.close()
  }
}

async function* reading(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: 128 * 1024 })
  try {
    yield* stream
  } catch (error) {
    unreadable(file)(error as Error)
  }
}

function unreadable(file: string): (error: Error) => never {
  return (error) => {
    throw new Problem('file-unreadable', { file, reason: error.message.replace(/, \w+ '.*$/, '') }, { cause: error })
  }
}

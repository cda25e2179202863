import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Transform } from 'node:stream'
import { createGzip, createZstdCompress } from 'node:zlib'
import { syncFolder } from '../journal.ts'
import { Problem } from '../problem.ts'
import { end, header, type Member, padding } from './tar.ts'

/** A tar that is being written. What it holds so far, with sums, is `files`. */
export type Pack = {
  readonly files: (Member & { sha256: string })[]
  addFile(name: string, path: string): Promise<void>
  add(name: string, content: Buffer): Promise<void>
  /** Makes it whole and puts it in its place, in one step. */
  finish(): Promise<number>
  /** Throws away what is not finished. */
  discard(): Promise<void>
}

const DAY = 86_400_000
const PART = /^\.nashra-backup-[0-9a-f]{12}\.(part|copy)$/

/** Whether a backup of this name is compressed by us. */
export function packed(file: string): boolean {
  return /\.(gz|tgz|zst)$/.test(file)
}

/** A free name beside the backup, for what it is made of; forgotten ones go when the next backup is made. */
export function besides(file: string, kind: 'part' | 'copy'): string {
  return join(dirname(file), `.nashra-backup-${randomBytes(6).toString('hex')}.${kind}`)
}

export async function openPack(file: string, at: number): Promise<Pack> {
  await refuseOther(file)
  await sweep(dirname(file))
  const part = besides(file, 'part')
  const handle = await open(part, 'wx', 0o600)
  const out = writer(file, handle)
  const files: Pack['files'] = []
  async function put(name: string, size: number, bytes: AsyncIterable<Buffer>): Promise<void> {
    const hash = createHash('sha256')
    await out.write(header({ name, size }, at))
    let length = 0
    for await (const chunk of bytes) {
      length += chunk.length
      hash.update(chunk)
      await out.write(chunk)
    }
    if (length !== size) throw new Error(`${name} changed while it was saved`)
    await out.write(padding(size))
    files.push({ name, size, sha256: hash.digest('hex') })
  }
  return {
    files,
    async addFile(name, path) {
      const source = await open(path, 'r')
      try {
        const { size } = await source.stat()
        const whole = { autoClose: false, highWaterMark: 1 << 18, start: 0, end: size - 1 } // one that grows: as far as it is now
        await put(name, size, size > 0 ? source.createReadStream(whole) : nothing())
      } finally {
        await source.close()
      }
    },
    add: (name, content) =>
      put(
        name,
        content.length,
        (async function* () {
          yield content
        })(),
      ),
    async finish() {
      await out.write(end)
      await out.end()
      await handle.sync()
      const { size } = await handle.stat()
      await handle.close()
      await rename(part, file)
      await syncFolder(dirname(file))
      return size
    },
    async discard() {
      out.destroy()
      await handle.close().catch(() => {})
      await rm(part, { force: true })
    },
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

type Writer = { write(bytes: Buffer): Promise<void>; end(): Promise<void>; destroy(): void }

/** Writes as the name says: .gz or .tgz, .zst, or as it is. */
function writer(file: string, handle: FileHandle): Writer {
  if (!packed(file)) return { write: (bytes) => handle.appendFile(bytes), end: async () => {}, destroy() {} }
  const packer: Transform = file.endsWith('.zst') ? createZstdCompress() : createGzip({ level: 4 })
  const written = (async () => {
    for await (const chunk of packer) await handle.appendFile(chunk as Buffer)
  })()
  written.catch((error) => packer.destroy(error as Error))
  packer.on('error', () => {}) // reaches whoever writes or ends
  return {
    async write(bytes) {
      if (packer.destroyed) await written
      if (!packer.write(bytes)) await Promise.race([once(packer, 'drain'), written])
    },
    async end() {
      packer.end()
      await written
    },
    destroy: () => void packer.destroy(),
  }
}

/** A file that is there is overwritten only if it is a backup, or empty. */
async function refuseOther(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return
  try {
    const block = Buffer.alloc(512)
    const { isDirectory, size } = await handle
      .stat()
      .then((found) => ({ isDirectory: !found.isFile(), size: found.size }))
    if (isDirectory) throw new Problem('backup-target', { file })
    await handle.read(block, 0, 512, 0)
    const isBackup =
      block.readUInt16BE(0) === 0x1f8b ||
      block.readUInt32BE(0) === 0x28b52ffd ||
      block.toString('ascii', 257, 262) === 'ustar'
    if (size > 0 && !isBackup) throw new Problem('backup-target', { file: basename(file) })
  } finally {
    await handle.close()
  }
}

/** What a killed backup left, after a day. */
async function sweep(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((name) => PART.test(name))) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > DAY) await rm(join(folder, name), { force: true })
  }
}

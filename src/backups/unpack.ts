import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Problem } from '../problem.ts'
import { allowed, MANIFEST, type Manifest, readManifest } from './manifest.ts'
import { damaged, foreign, members } from './tar.ts'

const LARGEST_MANIFEST = 256 * 1024 ** 2 // bytes: a line for each image

/** Writes what a backup holds into an empty folder and answers its manifest, once every sum in it has been found right. */
export async function unpack(file: string, folder: string): Promise<Manifest> {
  const sums = new Map<string, { size: number; sha256: string }>()
  let manifest: Manifest | undefined
  try {
    for await (const { name, size, bytes } of members(file, await opened(file), allowed)) {
      if (manifest || sums.has(name)) throw foreign(file, `it holds ${name} out of its order`)
      if (name === MANIFEST) manifest = readManifest(file, await text(file, size, bytes))
      else sums.set(name, { size, sha256: await store(join(folder, name), bytes) })
    }
  } catch (error) {
    throw understood(file, error)
  }
  if (!manifest) throw damaged(file, 'it ends before its manifest')
  const wrong = manifest.files.find(({ name, size, sha256 }) => {
    const found = sums.get(name)
    return found?.size !== size || found.sha256 !== sha256
  })
  if (wrong) throw damaged(file, `${wrong.name} is not what was saved`)
  if (manifest.files.length !== sums.size) throw foreign(file, 'it holds more than its manifest says')
  return manifest
}

/** The tar's bytes, whatever it is compressed with. */
async function opened(file: string): Promise<Readable> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new Problem('file-unreadable', { file, reason: error.code ?? error.message }, { cause: error })
  })
  const head = Buffer.alloc(4)
  const { bytesRead } = await handle.read(head, 0, 4, 0).catch(() => ({ bytesRead: 0 }))
  await handle.close()
  if (bytesRead < 4) throw foreign(file, 'it is no tar')
  const source = createReadStream(file, { highWaterMark: 1 << 18 })
  const unpacker =
    head.readUInt16BE(0) === 0x1f8b
      ? createGunzip()
      : head.readUInt32BE(0) === 0x28b52ffd
        ? createZstdDecompress()
        : undefined
  return unpacker ? pipeline(source, unpacker, () => {}) : source
}

async function store(path: string, bytes: AsyncIterable<Buffer>): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  try {
    for await (const chunk of bytes) {
      hash.update(chunk)
      await handle.appendFile(chunk)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}

async function text(file: string, size: number, bytes: AsyncIterable<Buffer>): Promise<string> {
  if (size > LARGEST_MANIFEST) throw foreign(file, 'its manifest is too large')
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** What a decompressor says of a file that is cut or spoilt. */
function understood(file: string, error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (/^(Z_|ZSTD_|ERR_STREAM_PREMATURE)/.test(code) || /unexpected end of file/.test(message ?? ''))
    return damaged(file, 'its compression breaks off', error)
  return error
}

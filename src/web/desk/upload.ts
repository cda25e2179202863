import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy } from '@fastify/busboy'
import type { Context } from 'hono'
import { Problem } from '../../problem.ts'

/** A file that came with a form: where it lies until the answer is given, the name it had, and its bytes. */
export type Upload = { field: string; name: string; path: string; bytes: number }

/** What a form with files brought (multipart/form-data, RFC 7578). `done` takes the files away; who wants to keep one moves it. */
export type Received = { form: URLSearchParams; files: Upload[]; done: () => Promise<void> }

const FIELDS = 200
const FIELD = 16 * 1024 * 1024 // bytes: a text; what all of them may come to, the door sees to

/** Reads a form with files, each straight into `room` and at most `most` bytes; a Problem when it is larger, cut or no such form. */
export async function receive(c: Context, most: number, room: string): Promise<Received> {
  const type = c.req.header('content-type') ?? ''
  const body = c.req.raw.body
  if (!/^multipart\/form-data\s*;/i.test(type) || !body) throw new Problem('bad-form')
  await mkdir(room, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(room, 'form-'))
  const done = () => rm(folder, { recursive: true, force: true })
  try {
    return { ...(await readInto(folder, Readable.fromWeb(body as never), type, most)), done }
  } catch (error) {
    await done()
    throw error instanceof Problem ? error : new Problem('bad-form', {}, { cause: error })
  }
}

async function readInto(
  folder: string,
  source: Readable,
  type: string,
  most: number,
): Promise<{ form: URLSearchParams; files: Upload[] }> {
  const form = new URLSearchParams()
  const files: Upload[] = []
  const writing: Promise<void>[] = []
  const broken = new AbortController()
  const parser = new Busboy({
    headers: { 'content-type': type },
    limits: { fields: FIELDS, fieldSize: FIELD, files: 20, fileSize: most, parts: FIELDS + 20 },
  })
  let cut = false
  parser.on('field', (name, value, nameCut, valueCut) => {
    cut ||= nameCut || valueCut
    form.append(name, value)
  })
  parser.on('file', (field, stream, name) => {
    const upload: Upload = {
      field,
      name: (name ?? '').slice(0, 200),
      path: join(folder, String(files.length)),
      bytes: 0,
    }
    files.push(upload)
    stream.on('data', (chunk: Buffer) => {
      upload.bytes += chunk.length
    })
    writing.push(
      pipeline(stream, createWriteStream(upload.path, { mode: 0o600 }), { signal: broken.signal }).then(() => {
        if ((stream as { truncated?: boolean }).truncated)
          throw new Problem('upload-too-large', { most: Math.floor(most / 1024 / 1024) })
      }),
    )
    writing.at(-1)!.catch(() => {}) // waited for below
  })
  try {
    await pipeline(source, parser)
    await Promise.all(writing)
  } catch (error) {
    broken.abort() // the parser ends no file that was cut: each would stay open
    await Promise.allSettled(writing)
    throw error
  }
  if (cut) throw new Problem('form-too-large') // never half a text
  return { form, files: files.filter(({ name, bytes }) => name !== '' || bytes > 0) }
}

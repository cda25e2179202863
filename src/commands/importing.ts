import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import type { App } from '../app.ts'
import * as articles from '../articles/index.ts'
import { Problem } from '../problem.ts'
import * as wxr from '../wordpress/wxr.ts'
import { openProgress } from './progress.ts'
import { openInput, type Shell, untilStopped } from './shell.ts'

/** One file as it was named, what it is, and its bytes: an export may be read twice, lines once. */
type Input = { file: string; kind: 'wxr' | 'lines'; bytes(): AsyncIterable<Buffer>; close(): Promise<void> }

/** What became of all files together; the keys of exports are there if there was one. */
type Sum = articles.Imported & Partial<Pick<wxr.Imported, 'leftOut' | 'picturesMissing'>> & { dryRun?: true }

/** `article import`: lines and exports, all of them readable before the first goes in. */
export async function importFiles(
  app: App,
  shell: Shell,
  files: string[],
  { json = false, dryRun = false }: { json?: boolean; dryRun?: boolean },
): Promise<Sum> {
  const inputs: Input[] = []
  const sum: Sum = { ...articles.nothingYet(), ...(dryRun && { dryRun: true as const }) }
  const { signal } = shell
  try {
    for (const file of files) inputs.push(await open(app, file, signal))
    const survey = await surveyed(inputs, signal, json)
    for (const input of inputs) {
      const progress = openProgress(input.file, json)
      const bytes = untilStopped(input.bytes(), signal)
      const done =
        input.kind === 'lines'
          ? await articles.importLines(app, 'cli', bytes, { dryRun, onLine: progress.to, signal })
          : await wxr.importPosts(app, 'cli', bytes, survey, { dryRun, onEntry: progress.to, signal })
      progress.end()
      add(sum, done, files.length > 1 ? input.file : undefined)
    }
  } finally {
    for (const input of inputs) await input.close()
  }
  return sum
}

/** What all exports say together: posts may be in one file and their pictures in another. */
async function surveyed(inputs: Input[], signal: AbortSignal, json: boolean): Promise<wxr.Survey> {
  const exports = inputs.filter(({ kind }) => kind === 'wxr')
  const progress = openProgress('looking through', json)
  if (exports.length > 0) setFlagsFromString('--optimize-for-size') // much passes through and nothing stays
  const survey = await wxr.survey(
    exports.map((input) => untilStopped(input.bytes(), signal)),
    { onEntry: progress.to },
  )
  progress.end()
  return survey
}

function add(sum: Sum, done: articles.Imported | wxr.Imported, file: string | undefined): void {
  sum.added += done.added
  sum.revised += done.revised
  sum.unchanged += done.unchanged
  sum.rejectedInAll += done.rejectedInAll
  sum.rejected.push(...done.rejected.map((row) => (file === undefined ? row : { file, ...row })))
  if (!('leftOut' in done)) return
  sum.leftOut ??= {}
  for (const [kind, n] of Object.entries(done.leftOut)) sum.leftOut[kind] = (sum.leftOut[kind] ?? 0) + n
  sum.picturesMissing = (sum.picturesMissing ?? 0) + done.picturesMissing
}

async function open(app: App, file: string, signal: AbortSignal): Promise<Input> {
  const { head, bytes } = await begun(await openInput(file))
  const kind = wxr.kindOf(head)
  if (kind === 'zip' || kind === 'gzip') throw new Problem('file-compressed', { file, kind })
  if (kind === 'feed') throw new Problem('file-is-feed', { file })
  if (kind === 'html' || kind === 'xml') throw new Problem('file-not-export', { file, kind: kind.toUpperCase() })
  if (kind === 'lines') return { file, kind, bytes: () => bytes, close: async () => {} }
  if (isFile(file)) return { file, kind, bytes: () => createReadStream(file), close: async () => {} }
  return spooled(app, file, bytes, signal)
}

/** The first bytes of a stream, and all of it with them. */
async function begun(stream: AsyncIterable<Buffer>): Promise<{ head: Buffer; bytes: AsyncIterable<Buffer> }> {
  const source = stream[Symbol.asyncIterator]()
  const chunks: Buffer[] = []
  let length = 0
  while (length < wxr.HEAD) {
    const { done, value } = await source.next()
    if (done) break
    chunks.push(value)
    length += value.length
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* chunks.splice(0)
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value
  }
  return { head: Buffer.concat(chunks), bytes: all() }
}

function isFile(file: string): boolean {
  return file !== '-' && statSync(file).isFile()
}

/** An export that comes through a pipe lies on the disk while it is read twice. */
async function spooled(app: App, file: string, bytes: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Input> {
  await mkdir(app.config.data, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(app.config.data, 'import-'))
  const copy = join(folder, 'export.xml')
  const close = () => rm(folder, { recursive: true, force: true })
  try {
    await pipeline(untilStopped(bytes, signal), createWriteStream(copy, { mode: 0o600 }))
  } catch (error) {
    await close()
    throw error
  }
  return { file, kind: 'wxr', bytes: () => createReadStream(copy), close }
}

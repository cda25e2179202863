import { isUtf8 } from 'node:buffer'
import type { Actor, App } from '../app.ts'
import * as site from '../site.ts'
import { foreseeing, type Imported, inBatches, nothingYet, refuse } from './batches.ts'
import { type Draft, readRow } from './draft.ts'
import { publish } from './publish.ts'

const LONGEST = 12_000_000 // bytes in a line: beyond it is not a line of articles

type Options = { dryRun?: boolean; onLine?: (line: number) => void; signal?: AbortSignal }

/**
 * Reads JSON Lines, one article each, as they come: memory holds one batch, whatever the file.
 * A line that cannot be used is reported and the rest go in; a second import of the same lines changes nothing. Told to stop,
 * it ends with what it has read so far. A dry run answers the same and changes nothing.
 */
export async function importLines(
  app: App,
  actor: Actor,
  bytes: AsyncIterable<Uint8Array>,
  { dryRun, onLine, signal }: Options = {},
): Promise<Imported> {
  const paper = await site.show(app, app.db)
  const done = nothingYet()
  const work = dryRun ? foreseeing(app.db) : (drafts: Draft[]) => publish(app, actor, drafts)
  const batches = inBatches(done, work)
  let number = 0
  for await (const line of lines(bytes)) {
    if (signal?.aborted) break // the line may not have come to its end
    number++
    onLine?.(number)
    const read = line === undefined ? { reason: `longer than ${LONGEST} bytes` } : parse(line, paper)
    if (read === undefined) continue
    if ('reason' in read) refuse(done, number, read.reason)
    else await batches.take(read.draft, line!.length)
  }
  await batches.flush()
  return done
}

/** What a line holds; undefined for an empty one. */
function parse(line: Buffer, paper: site.Site): ReturnType<typeof readRow> | undefined {
  if (!isUtf8(line)) return { reason: 'not UTF-8; save the file in that encoding' }
  const text = line.toString()
  if (!text.trim()) return undefined
  let row: unknown
  try {
    row = JSON.parse(text)
  } catch (error) {
    return { reason: `not JSON: ${(error as Error).message}` }
  }
  return readRow(row, paper)
}

/** The lines of a stream, without BOM and line ends; undefined for one that is too long to be one. */
async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer | undefined> {
  let first = true
  for await (const line of pieces(bytes)) {
    yield first && line?.indexOf(BOM) === 0 ? line.subarray(BOM.length) : line
    first = false
  }
}

const BOM = Buffer.from('\ufeff')

/** What stands between the line ends; a line that is too long is let go as it comes. */
async function* pieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer | undefined> {
  let begun: Buffer[] = []
  let length = 0
  function take(piece: Buffer): void {
    length += piece.length
    if (length > LONGEST) begun = []
    else begun.push(piece)
  }
  function whole(): Buffer | undefined {
    const line = length > LONGEST ? undefined : Buffer.concat(begun)
    begun = []
    length = 0
    return line
  }
  for await (const chunk of bytes) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let end = buffer.indexOf(10); end >= 0; end = buffer.indexOf(10, start)) {
      take(buffer.subarray(start, end))
      yield whole()
      start = end + 1
    }
    if (start < buffer.length) take(buffer.subarray(start))
  }
  if (length > 0) yield whole()
}

import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import { type MessageKey, say } from '../locale.ts'
import { admit, type Verdicts } from './admitting.ts'
import { readRows } from './csv.ts'
import { findList } from './lists.ts'
import { isOut, type Reader, rowReader } from './rows.ts'

const BATCH = 1000
const MOST_REASONS = 100_000 // named line by line; beyond it they are only counted

export type Options = { list: string; dryRun?: boolean; onProgress?: (line: number) => void; signal?: AbortSignal }

/**
 * What became of the rows. `refused`: the file could not be read, or not to its end, and `reason` says why; what the
 * counts say has been done all the same, and the mended file can be imported again.
 */
export type Imported = Verdicts & {
  refused: boolean
  reason?: string
  rejected: { line: number; reason: string }[]
  rejectedInAll: number
}

/**
 * Reads CSV as it comes and admits its readers to the list, a thousand at a time: memory holds one batch.
 *
 * Who is suppressed or has left is skipped and never comes back by an import; a second import changes nothing.
 */
export async function importCsv(app: App, actor: Actor, stream: Readable, options: Options): Promise<Imported> {
  const list = await findList(app.db, options.list)
  const done: Imported = {
    refused: false,
    added: 0,
    updated: 0,
    unchanged: 0,
    skipped: 0,
    rejected: [],
    rejectedInAll: 0,
  }
  const read = rowReader()
  const tell = reasons(app.config.language)
  const counted = options.dryRun ? new Set<number>() : undefined
  let batch = new Map<string, Reader>()
  async function flush(): Promise<void> {
    if (batch.size === 0) return
    const verdicts = await admit(app, actor, list, [...batch.values()], instant(app.now()), counted)
    for (const [verdict, n] of Object.entries(verdicts)) done[verdict as keyof Verdicts] += n
    batch = new Map()
    await setImmediate() // the web server's turn
  }
  for await (const row of readRows(stream)) {
    if (options.signal?.aborted) break
    if ('code' in row) {
      done.refused = true
      done.reason = tell(row.code, { line: row.line })
      break
    }
    const reader = isOut(row) ? undefined : read(row)
    if (reader === undefined) done.skipped++
    else if (typeof reader === 'string') {
      done.rejectedInAll++
      if (done.rejected.length < MOST_REASONS) done.rejected.push({ line: row.line, reason: tell(reader) })
    } else gather(batch, reader)
    if (batch.size === BATCH) {
      await flush()
      options.onProgress?.(row.line)
    }
  }
  await flush()
  return done
}

/** The same address twice in a batch is one reader, of whom the later row knows more. */
function gather(batch: Map<string, Reader>, reader: Reader): void {
  const before = batch.get(reader.hash)
  batch.set(reader.hash, before ? { ...before, ...reader, address: before.address, copies: before.copies + 1 } : reader)
}

/** The sentences for what went wrong, each made once: a file may be wrong in every line. */
function reasons(language: string): (code: string, values?: Record<string, number>) => string {
  const told = new Map<string, string>()
  return (code, values = {}) => {
    const sentence = told.get(code) ?? say(language, `subscribers.${code}` as MessageKey, values)
    told.set(code, sentence)
    return sentence
  }
}

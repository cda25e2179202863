import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { type Cells, openTable, type Table, type TableFile } from '../spreadsheets/index.ts'
import type { Options } from './import.ts'
import { type Layout, layout, spoken, unheard } from './layout.ts'
import type { List } from './lists.ts'
import type { Outcome } from './outcome.ts'
import { type Kin, rowReader } from './rows.ts'
import type { Shelf } from './shelf.ts'
import { write } from './stored.ts'

const SAMPLE = 200 // records by which columns without a heading are told

/** Reads all files onto the shelf; false if one of them cannot be read. */
export async function gather(
  inputs: TableFile[],
  list: List,
  kin: Kin,
  shelf: Shelf,
  outcome: Outcome,
  options: Options,
): Promise<boolean> {
  let readable = true
  for (const [file, input] of inputs.entries()) {
    if (options.signal?.aborted) return false
    const print = createHash('sha256')
    const bytes = counted(await input.open(), (done, chunk) => {
      print.update(chunk)
      options.onProgress?.(done, input.size)
    })
    const wish = {
      language: list.language,
      spoken,
      ...(options.charset && { charset: options.charset }),
      ...(options.delimiter && { delimiter: options.delimiter }),
    }
    const table = await openTable(bytes, wish)
    if (typeof table === 'string') {
      outcome.refuse(file, `csv-${table}`)
      readable = false
    } else if (!(await gatherTable(file, input.name, table, kin, shelf, outcome, options))) readable = false
    outcome.prints[file] = print.digest('base64url')
  }
  return readable
}

async function gatherTable(
  file: number,
  name: string,
  table: Table,
  kin: Kin,
  shelf: Shelf,
  outcome: Outcome,
  options: Options,
): Promise<boolean> {
  const told = outcome.files[file]!
  let read: ReturnType<typeof rowReader> | undefined
  let deaf: ReturnType<typeof unheard> = () => undefined
  for await (const records of table.records()) {
    if (options.signal?.aborted) return false
    let rows: Cells[] = records
    if (!read) {
      const sample = records.slice(0, SAMPLE).map(({ cells }) => cells)
      const names = kin.declared.map((field) => field.name)
      const understood = layout(sample, name, options.map ?? {}, options.from, names)
      if ('code' in understood) {
        outcome.refuse(file, understood.code, { columns: understood.columns, wanted: understood.wanted ?? '' })
        return false
      }
      describe(told, understood)
      read = rowReader(understood, kin)
      deaf = unheard(understood, options.map ?? {})
      if (understood.header) rows = records.slice(1)
    }
    for (const row of rows) {
      told.rows++
      const missed = row.trouble ? undefined : deaf(row.cells)
      if (missed) {
        outcome.refuse(file, 'csv-unheard', { ...missed, line: row.line })
        return false
      }
      const reader = read(row)
      if ('reason' in reader) outcome.reject(file, row.line, reader.reason, reader.value)
      else shelf.put(write(reader, file, row.line))
    }
    await setImmediate() // whoever serves pages in this process has a turn
  }
  told.charset = table.charset
  told.delimiter = table.delimiter
  if (!read) outcome.refuse(file, 'csv-empty')
  else if (table.broken !== undefined) outcome.refuse(file, 'csv-broken', { line: table.broken })
  return read !== undefined && table.broken === undefined
}

function describe(told: Outcome['files'][number], { from, names, fate }: Layout): void {
  if (from) told.from = from
  told.columns = names
  if (fate !== 'in') told.all = fate
}

async function* counted(
  bytes: AsyncIterable<Uint8Array | string>,
  tell: (done: number, chunk: Uint8Array | string) => void,
): AsyncGenerator<Uint8Array | string> {
  let done = 0
  for await (const chunk of bytes) {
    done += chunk.length
    tell(done, chunk)
    yield chunk
  }
}

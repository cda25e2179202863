import type { Db } from '../../db/schema.ts'
import { openTable, type TableFile } from '../spreadsheets/index.ts'
import { printable } from '../text.ts'
import { fields } from './fields.ts'
import { type Layout, type LayoutTrouble, layout, type Mapping, type Origin, spoken } from './layout.ts'

/** How a file looks before it is read: its columns (by heading or number), some rows, and which field stands where. */
export type Sample = {
  file: string
  columns: string[]
  rows: string[][]
  names: Record<string, string>
  from?: Origin
  /** Why it cannot be read so: the code of a sentence and its values. */
  trouble?: { code: string; values: Record<string, string> }
}

export type Reading = { map?: Mapping; from?: Origin; charset?: string; delimiter?: string; language?: string }

const JUDGED = 200 // records by which columns without a heading are told
const LOOKED_AT = 128 * 1024 // bytes: a file may hold nothing but blank lines
const ROWS = 5
const CELLS = 40

/** Looks at the beginning of each file, at most 128 kB of it, and reads no further. */
export async function sample(db: Db, inputs: TableFile[], reading: Reading): Promise<Sample[]> {
  const declared = (await fields(db)).map(({ name }) => name)
  const samples: Sample[] = []
  for (const input of inputs) samples.push(await sampleOf(input, reading, declared))
  return samples
}

async function sampleOf(input: TableFile, { map = {}, from, ...wish }: Reading, declared: string[]): Promise<Sample> {
  const none: Sample = { file: input.name, columns: [], rows: [], names: {} }
  const bytes = await input.open()
  try {
    return await beginningOf(none, upTo(bytes, LOOKED_AT), { map, ...(from && { from }), ...wish }, declared)
  } finally {
    await (bytes as Partial<AsyncGenerator>).return?.(undefined) // closes the file: nobody reads on
  }
}

/** The first bytes, or letters, and no more. */
async function* upTo(bytes: AsyncIterable<Uint8Array | string>, most: number): AsyncGenerator<Uint8Array | string> {
  let left = most
  for await (const chunk of bytes) {
    yield chunk.slice(0, left)
    left -= chunk.length
    if (left <= 0) return
  }
}

async function beginningOf(
  none: Sample,
  bytes: AsyncIterable<Uint8Array | string>,
  { map = {}, from, ...wish }: Reading,
  declared: string[],
): Promise<Sample> {
  const table = await openTable(bytes, { ...wish, spoken })
  if (typeof table === 'string') return { ...none, trouble: { code: `csv-${table}`, values: {} } }
  for await (const records of table.records()) {
    const first = records.slice(0, JUDGED).map(({ cells }) => cells)
    return described(none, first, layout(first, none.file, map, from, declared))
  }
  return { ...none, trouble: { code: 'csv-empty', values: {} } }
}

function described(none: Sample, records: string[][], understood: Layout | LayoutTrouble): Sample {
  const header = 'code' in understood || understood.header
  const width = Math.max(...records.slice(0, ROWS + 1).map((cells) => cells.length))
  const headings = Array.from({ length: Math.min(width, CELLS) }, (_, n) => (header ? cell(records[0]![n]) : ''))
  const columns = headings.map((name, n) => (name && headings.indexOf(name) === n ? name : String(n + 1)))
  const rows = records
    .slice(header ? 1 : 0, ROWS + (header ? 1 : 0))
    .map((cells) => Array.from({ length: columns.length }, (_, n) => cell(cells[n])))
  if ('code' in understood) {
    const { code, columns: seen, wanted = '' } = understood
    return { ...none, columns, rows, trouble: { code, values: { columns: seen, wanted } } }
  }
  return { ...none, columns, rows, names: understood.names, ...(understood.from && { from: understood.from }) }
}

/** A cell for people: short, and nothing but letters. */
function cell(text = ''): string {
  return printable(text).slice(0, 60).trim()
}

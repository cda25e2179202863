import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify'
import { stringify as stringifyRows } from 'csv-stringify/sync'
import { neutral } from './formulas.ts'

/** Writes rows as CSV that spreadsheets open: UTF-8 with BOM, formulas neutralised. The output stays open. */
export async function writeRows(rows: AsyncIterable<string[]>, output: Writable): Promise<void> {
  const stringifier = stringify({ ...SHAPE, bom: true })
  await pipeline(Readable.from(rows), stringifier, output, { end: false })
}

/** The same for who writes row by row: each as the text of its line, the first with the BOM. */
export function rowWriter(): (row: string[]) => string {
  let bom = true
  return (row) => {
    const line = stringifyRows([row], { ...SHAPE, bom })
    bom = false
    return line
  }
}

const SHAPE = { record_delimiter: '\r\n', cast: { string: neutral } }

import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify'
import { neutral } from './formulas.ts'

/** Writes rows as CSV that spreadsheets open: UTF-8 with BOM, formulas neutralised. The output stays open. */
export async function writeRows(rows: AsyncIterable<string[]>, output: Writable): Promise<void> {
  const stringifier = stringify({ bom: true, record_delimiter: '\r\n', cast: { string: neutral } })
  await pipeline(Readable.from(rows), stringifier, output, { end: false })
}

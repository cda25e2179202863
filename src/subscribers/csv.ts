import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { stringify } from 'csv-stringify'
import { fold } from '../text.ts'

/** A line of a file as a reader's cells, by our names; `line` is where it begins. */
export type Row = { line: number; cells: Partial<Record<Column, string>> }

export type Column = keyof typeof COLUMNS

/** Why a file cannot be read on: `line` is where its trouble begins. */
export type Trouble = { code: 'csv-empty' | 'csv-no-address' | 'csv-broken'; line: number }

const LONGEST = 64 * 1024 // characters of a record; beyond it a quotation mark was never closed

/** The headings we understand, as `fold` writes them, the surest first. */
const COLUMNS = {
  email: [
    'email', 'e-mail', 'email address', 'e-mail address', 'mail', 'البريد الالكتروني', 'البريد', 'ايميل', 'e-posta', 'eposta', 'e-posta adresi',
    'address',
  ], // biome-ignore format: one list
  name: ['name', 'full name', 'الاسم', 'الاسم الكامل', 'اسم', 'ad soyad', 'adi soyadi', 'isim', 'ad'],
  language: ['language', 'lang', 'اللغه', 'لغه', 'dil'],
  state: ['state', 'status', 'الحاله', 'durum'],
  format: ['format', 'الصيغه', 'bicim'],
  zone: ['zone', 'timezone', 'time zone', 'المنطقه الزمنيه', 'saat dilimi'],
} as const

/** Reads plain CSV as it comes: rows with their true line numbers, then, if it cannot be read to its end, the trouble. */
export async function* readRows(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<Row | Trouble> {
  let line = 1
  let places: Map<Column, number> | undefined
  for await (const record of records(bytes)) {
    if (record instanceof Error) return yield { code: 'csv-broken', line }
    const begins = line
    line += 1 + record.reduce((sum, cell) => sum + lineEnds(cell), 0)
    if (record.every((cell) => !cell.trim())) continue
    if (places) {
      yield { line: begins, cells: pick(record, places) }
      continue
    }
    places = headings(record)
    if (!places.has('email')) return yield { code: 'csv-no-address', line: begins }
  }
  if (!places) yield { code: 'csv-empty', line: 1 }
}

/**
 * The parser's records, and its error where it met one. They are taken from it one by one, because a stream that fails
 * forgets what it had read before.
 */
async function* records(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<string[] | Error> {
  let ready: string[][] = []
  const parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: LONGEST,
    on_record: (record: string[]) => void ready.push(record),
  })
  parser.on('error', () => {}) // told to the callbacks below
  async function* take(feed: (fed: (error?: Error | null) => void) => void): AsyncGenerator<string[] | Error> {
    const error = await new Promise<Error | null | undefined>(feed)
    yield* ready
    ready = []
    if (error) yield error
  }
  for await (const chunk of bytes) yield* take((fed) => parser.write(chunk, fed))
  yield* take((fed) => parser.end(fed))
}

/** Writes rows as CSV that spreadsheets open: UTF-8 with BOM, formulas neutralised. The output stays open. */
export async function writeRows(rows: AsyncIterable<string[]>, output: Writable): Promise<void> {
  const stringifier = stringify({ bom: true, record_delimiter: '\r\n', cast: { string: neutral } })
  await pipeline(Readable.from(rows), stringifier, output, { end: false })
}

const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/u

/** A cell that a spreadsheet would run becomes text, by an apostrophe; `original` takes it away again. */
function neutral(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell
}

function original(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell
}

function headings(record: string[]): Map<Column, number> {
  const names = record.map((cell) => fold(cell).replaceAll('_', ' '))
  const places = new Map<Column, number>()
  for (const [column, known] of Object.entries(COLUMNS)) {
    const heading = known.find((name) => names.includes(name))
    if (heading !== undefined) places.set(column as Column, names.indexOf(heading))
  }
  return places
}

function pick(record: string[], places: Map<Column, number>): Row['cells'] {
  const cells: Row['cells'] = {}
  for (const [column, place] of places) cells[column] = original(record[place] ?? '')
  return cells
}

/** The ends of lines within a quoted cell; the parser counts CR LF twice. */
function lineEnds(cell: string): number {
  if (!cell.includes('\n') && !cell.includes('\r')) return 0
  return cell.match(/\r\n|\n|\r/g)!.length
}

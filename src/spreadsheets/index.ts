/*
 * Tables as spreadsheets and other programs write them, in any charset, with any delimiter, and how ours are written. Who
 * reads one knows nothing of readers yet.
 */
export { type TableFile, tablesOf } from './archive.ts'
export type { NoTable } from './decoding.ts'
export { original } from './formulas.ts'
export type { Cells } from './records.ts'
export { openTable, type Table, type Wish } from './table.ts'
export { rowWriter, writeRows } from './writing.ts'

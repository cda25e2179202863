import { openRecords } from './records.ts'

const CANDIDATES = [',', ';', '\t', '|']
const LOOKED_AT = 30 // records

/** What parts the cells, and the lines that say only so (Excel's `sep=;`), which are no record. */
export type Parting = { delimiter: string; skip: number; line: number }

/** Finds the delimiter in the beginning of a table: what Excel's first line says, or the one that parts most records alike. */
export function parting(head: string): Parting {
  const said = /^\s*"?sep=([^\r\n])"?(?:\r\n|\r|\n|$)/i.exec(head)
  if (said) return { delimiter: said[1]!, skip: said[0].length, line: 2 }
  const best = CANDIDATES.map((delimiter) => ({ delimiter, score: alike(head, delimiter) })).reduce((one, other) =>
    other.score > one.score ? other : one,
  )
  return { delimiter: best.delimiter, skip: 0, line: 1 }
}

/** How many of the first records have as many cells as the first one has; a little more for many cells, nothing for one. */
function alike(head: string, delimiter: string): number {
  const records = openRecords(delimiter)
  const found = [...records.push(head), ...records.end()].filter(({ cells }) => cells.some((cell) => cell.trim()))
  const counts = found.slice(0, LOOKED_AT).map(({ cells }) => cells.length)
  const first = counts[0] ?? 1
  if (first < 2) return 0
  return counts.filter((count) => count === first).length / counts.length + Math.min(first, 100) / 1000
}

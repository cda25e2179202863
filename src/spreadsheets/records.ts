/**
 * A record of a table: its cells as they stand, and the line it begins on. With `trouble` it cannot be used as it is: `cells`
 * holds its beginning as text, and `legible` the cells that can be read for all that, each in its place.
 */
export type Cells = { line: number; cells: string[]; trouble?: 'too-long' | 'unclosed'; legible?: string[] }

/** Takes a text piece by piece and answers the records that are complete; `end` those that are left. */
export type Records = {
  push(text: string): Cells[]
  end(): Cells[]
  /** The line of a quotation mark at which the reading ended for good: too many were never closed. */
  readonly broken: number | undefined
}

const LONGEST = 64 * 1024 // characters of a record that is used
const WINDOW = 2 * 1024 * 1024 // characters in which the end of a record is looked for
const MOST_UNCLOSED = 100
const SHOWN = 200

/**
 * Reads RFC 4180 as it is really written: lines end in LF, CR LF or CR, a quotation mark within a cell may stand for itself,
 * and one that is never closed costs its own line, not all that follow it.
 */
export function openRecords(delimiter: string): Records {
  let text = ''
  let enough = 0 // characters that must be there before it is worth to look again
  let line = 1
  let skipping = false // in a line of which no end was found
  let unclosed = 0
  let broken: number | undefined

  function take(last: boolean): Cells[] {
    const found: Cells[] = []
    const next = { lf: -2, cr: -2, quote: -2 }
    let at = 0
    while (at < text.length && broken === undefined) {
      const end = lineEnd(text, at, next, last)
      if (skipping && end === -1) {
        at = text.length
        break
      }
      if (skipping) {
        skipping = false
        at = after(text, end)
        line++
        continue
      }
      const record = end !== -1 && !quoted(text, at, end, next) ? end : quotedRecord(text, at, delimiter, last)
      if (typeof record === 'number') {
        found.push(usable(line, record - at, () => text.slice(at, record).split(delimiter), text, at))
        at = after(text, record)
        line++
        continue
      }
      if (record) {
        found.push(usable(line, record.end - at, () => record.cells, text, at))
        line += 1 + lineEnds(text, at, record.end)
        at = after(text, record.end)
        continue
      }
      if (!last && text.length - at < WINDOW) break
      const open = end !== -1 || text.slice(at, at + WINDOW).includes('"')
      const legible = before(text.slice(at, at + WINDOW), delimiter)
      found.push({ line, cells: [text.slice(at, at + SHOWN)], trouble: open ? 'unclosed' : 'too-long', legible })
      if (open && ++unclosed > MOST_UNCLOSED) broken = line
      if (end === -1) {
        skipping = true
        at = text.length
      } else {
        at = after(text, end)
        line++
      }
    }
    text = text.slice(at)
    return found
  }

  return {
    push(piece) {
      text += piece
      if (text.length < enough) return []
      const found = take(false)
      enough = found.length === 0 ? text.length * 2 : 0
      return found
    },
    end: () => take(true),
    get broken() {
      return broken
    },
  }
}

type Next = { lf: number; cr: number; quote: number }

function usable(line: number, length: number, cells: () => string[], text: string, at: number): Cells {
  if (length <= LONGEST) return { line, cells: cells() }
  const legible = cells().map((cell) => (cell.length <= LONGEST ? cell : ''))
  return { line, cells: [text.slice(at, at + SHOWN)], trouble: 'too-long', legible }
}

/** The cells before the one that never ends. */
function before(text: string, delimiter: string): string[] {
  const cells: string[] = []
  for (let from = 0; ; ) {
    const cell = quotedCell(text, from, delimiter, false) ?? plainCell(text, from, delimiter, false)
    if (!cell || cell === 'open' || text[cell.end] !== delimiter) return cells
    if (/[\r\n]/.test(cell.value)) return cells // from there on it may be another record's
    cells.push(cell.value.length <= LONGEST ? cell.value : '')
    from = cell.end + 1
  }
}

/** Where the line ends; -1 if that is not known yet. What was found once is remembered, or a search would begin anew for each line. */
function lineEnd(text: string, at: number, next: Next, last: boolean): number {
  if (next.lf !== -1 && next.lf < at) next.lf = text.indexOf('\n', at)
  if (next.cr !== -1 && next.cr < at) next.cr = text.indexOf('\r', at)
  const end = next.lf === -1 ? next.cr : next.cr === -1 ? next.lf : Math.min(next.lf, next.cr)
  if (end === -1) return last ? text.length : -1
  return end === text.length - 1 && text[end] === '\r' && !last ? -1 : end // a line feed may follow
}

function quoted(text: string, at: number, end: number, next: Next): boolean {
  if (next.quote !== -1 && next.quote < at) next.quote = text.indexOf('"', at)
  return next.quote !== -1 && next.quote < end
}

function after(text: string, end: number): number {
  return text[end] === '\r' && text[end + 1] === '\n' ? end + 2 : Math.min(end + 1, text.length)
}

/** A record with quotation marks; undefined if its end is not there. */
function quotedRecord(
  text: string,
  at: number,
  delimiter: string,
  last: boolean,
): { cells: string[]; end: number } | undefined {
  const cells: string[] = []
  for (let from = at; ; ) {
    const cell = quotedCell(text, from, delimiter, last) ?? plainCell(text, from, delimiter, last)
    if (!cell || cell === 'open') return undefined
    cells.push(cell.value)
    if (text[cell.end] !== delimiter) return { cells, end: cell.end }
    from = cell.end + 1
  }
}

type Cell = { value: string; end: number }

/** A cell that begins with a quotation mark, `open` if its end is not there; undefined if it does not begin so. */
function quotedCell(text: string, at: number, delimiter: string, last: boolean): Cell | 'open' | undefined {
  let from = spaces(text, at)
  if (text[from] !== '"') return undefined
  from++
  let value = ''
  for (;;) {
    const mark = text.indexOf('"', from)
    if (mark === -1) return 'open'
    if (text[mark + 1] === '"') {
      value += text.slice(from, mark + 1)
      from = mark + 2
      continue
    }
    const end = spaces(text, mark + 1)
    if (end >= text.length && !last) return 'open'
    if (end >= text.length || text[end] === delimiter || isEnd(text[end]!)) {
      if (text[end] === '\r' && end === text.length - 1 && !last) return 'open'
      return { value: value + text.slice(from, mark), end }
    }
    value += text.slice(from, mark + 1) // one that stands for itself
    from = mark + 1
  }
}

function plainCell(text: string, at: number, delimiter: string, last: boolean): Cell | undefined {
  let end = at
  while (end < text.length && text[end] !== delimiter && !isEnd(text[end]!)) end++
  const known = last || (end < text.length && !(text[end] === '\r' && end === text.length - 1))
  return known ? { value: text.slice(at, end), end } : undefined
}

function spaces(text: string, at: number): number {
  let from = at
  while (text[from] === ' ') from++
  return from
}

function isEnd(letter: string): boolean {
  return letter === '\n' || letter === '\r'
}

function lineEnds(text: string, from: number, to: number): number {
  return text.slice(from, to).match(/\r\n|\n|\r/g)?.length ?? 0
}

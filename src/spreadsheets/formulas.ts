const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/u

/** A cell that a spreadsheet would run becomes text, by an apostrophe; `original` takes it away again. */
export function neutral(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell
}

/** The cell as it was before `neutral`. */
export function original(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell
}

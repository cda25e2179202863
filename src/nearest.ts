/** Of the names that are known, the one most like what was typed. */
export function nearest(typed: string, known: readonly string[]): string {
  return known.map((name) => ({ name, far: distance(typed, name) })).sort((a, b) => a.far - b.far)[0]!.name
}

/** Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}

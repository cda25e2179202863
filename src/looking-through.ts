/** What was found, and the row behind which one would look on; undefined at the end. */
export type Found<Row> = { found: Row[]; further: Row | undefined }

const AT_ONCE = 50
const MOST = 1000 // rows that one page looks through

/**
 * The first rows that pass, at most `limit`. `page` reads some that lie behind a row, or the first ones. It looks through a
 * thousand rows and no more, so few may be found where more lie further on.
 */
export async function lookThrough<Row>(
  page: (before: Row | undefined, limit: number) => Promise<Row[]>,
  passes: (row: Row) => boolean,
  limit: number,
): Promise<Found<Row>> {
  const found: Row[] = []
  let last: Row | undefined
  for (let seen = 0; seen < MOST; seen += AT_ONCE) {
    const rows = await page(last, AT_ONCE)
    for (const row of rows) {
      if (passes(row)) found.push(row)
      if (found.length > limit) return { found: found.slice(0, limit), further: found[limit - 1] }
    }
    if (rows.length < AT_ONCE) return { found, further: undefined }
    last = rows.at(-1)
  }
  return { found, further: last }
}

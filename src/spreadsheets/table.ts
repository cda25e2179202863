import { decode, type Hints, type NoTable, noTable } from './decoding.ts'
import { parting } from './delimiter.ts'
import { type Cells, openRecords, type Records } from './records.ts'

/** A table being read. `charset` is known once a letter beyond ASCII was met. */
export type Table = {
  delimiter: string
  readonly charset: string
  /** Records as they come, some at a time; blank lines are left out. */
  records(): AsyncGenerator<Cells[]>
  /** The line of the quotation mark where the reading ended too early. */
  readonly broken: number | undefined
}

/**
 * What can be said of a table before it is read; `delimiter` wins over what it looks like, and what `spoken` makes of the
 * first line (only its ASCII letters are right) over `language`.
 */
export type Wish = Hints & { delimiter?: string; spoken?: (line: string) => string | undefined }

const HEAD = 4096
const MOST_CONTROLS = 0.02 // of the letters at the beginning

/** Opens a table in whatever charset and with whatever delimiter it is written; answers what it is if it is none. */
export async function openTable(bytes: AsyncIterable<Uint8Array | string>, wish: Wish = {}): Promise<Table | NoTable> {
  const { head, rest } = await begin(buffers(bytes))
  const other = noTable(head)
  if (other) return other
  let charset = 'utf-8'
  const heading = Buffer.from(head)
    .toString('latin1')
    .trimStart()
    .split(/[\r\n]/, 1)[0]!
  const language = wish.spoken?.(heading) ?? wish.language
  const pieces = decode(rest, { ...wish, ...(language && { language }) }, (name) => {
    charset = name
  })
  const first = (await pieces.next()).value ?? ''
  if (isBinary(first.slice(0, HEAD))) return 'not-text'
  const { delimiter, skip, line } = parting(first)
  const records = openRecords(wish.delimiter ?? delimiter)
  async function* read(): AsyncGenerator<Cells[]> {
    yield* whole(records.push(first.slice(skip)))
    for await (const piece of pieces) yield* whole(records.push(piece))
    yield* whole(records.end())
  }
  function* whole(found: Cells[]): Generator<Cells[]> {
    const filled = found.filter(({ cells }) => cells.some((cell) => cell.trim()))
    if (line > 1) for (const record of filled) record.line += line - 1
    if (filled.length > 0) yield filled
  }
  return {
    delimiter: wish.delimiter ?? delimiter,
    get charset() {
      return charset
    },
    records: read,
    get broken() {
      return brokenAt(records, line)
    },
  }
}

function brokenAt({ broken }: Records, first: number): number | undefined {
  return broken === undefined ? undefined : broken + first - 1
}

async function* buffers(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

/** The first bytes, and all of them as if nobody had looked. */
async function begin(
  bytes: AsyncGenerator<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncGenerator<Uint8Array> }> {
  const seen: Uint8Array[] = []
  let size = 0
  while (size < HEAD) {
    const { value, done } = await bytes.next()
    if (done) break
    seen.push(value)
    size += value.length
  }
  const head = Buffer.concat(seen)
  async function* rest(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head
    yield* bytes
  }
  return { head: head.subarray(0, HEAD), rest: rest() }
}

/** A text may hold a control character by accident; a program or a picture is full of them. */
function isBinary(text: string): boolean {
  const controls = text.match(/[\0-\x08\x0e-\x1f]/g)?.length ?? 0
  return controls > 2 && controls > text.length * MOST_CONTROLS
}

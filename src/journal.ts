import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/*
 * Files that only grow, one line of JSON each: what must be known even when the database is lost. Several processes may
 * append to one file; a line that a crash or a full disk cut is passed over by whoever reads.
 */

/** A file that lines are added to. */
export type Journal = {
  /**
   * Resolves when the line is on the disk; all that is asked for at the same time shares one fsync. Rejects when it cannot be
   * written; it is tried again with the next, unless it is to be written now or never.
   */
  append(line: object, when?: 'now'): Promise<void>
  /** Why lines wait to be written. */
  readonly failing: string | undefined
}

const MOST = 10_000 // lines kept while the disk is full

export function openJournal(file: string): Journal {
  let waiting: { text: string; keep: boolean }[] = []
  let flushing: Promise<void> | undefined
  let failing: string | undefined
  async function flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)) // whoever comes in this turn shares the fsync
    flushing = undefined
    const lines = waiting
    waiting = []
    try {
      await write(file, lines.map(({ text }) => text).join(''))
      failing = undefined
    } catch (error) {
      waiting = [...lines.filter(({ keep }) => keep), ...waiting].slice(-MOST)
      failing = (error as NodeJS.ErrnoException).code ?? (error as Error).message
      throw error
    }
  }
  return {
    append(line, when) {
      waiting.push({ text: `${JSON.stringify(line)}\n`, keep: when !== 'now' })
      flushing ??= flush()
      return flushing
    },
    get failing() {
      return failing
    },
  }
}

/** Begins on a line of its own, whatever a crash left at the end. */
async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const { O_APPEND, O_CREAT, O_RDWR } = constants
  const handle = await open(file, O_APPEND | O_CREAT | O_RDWR, 0o600)
  try {
    const { size } = await handle.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await handle.read(last, 0, 1, size - 1)
    const whole = size === 0 || last[0] === 10
    await handle.appendFile(whole ? text : `\n${text}`)
    await handle.datasync()
    if (size === 0) await syncFolder(dirname(file))
  } finally {
    await handle.close()
  }
}

/** The lines of a journal that can be read, in their order; none where there is no file. */
export async function readJournal(file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as unknown] : []
    } catch {
      return []
    }
  })
}

/** Writes a file whole or not at all, for its owner alone. */
export async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const fresh = `${file}.${randomUUID()}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(fresh, file)
  await syncFolder(dirname(file))
}

/** Makes what was renamed or created in a folder outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

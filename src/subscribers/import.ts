import { join } from 'node:path'
import { inBulk } from '../../db/bulk.ts'
import type { Actor, App } from '../app.ts'
import { type MessageKey, say } from '../locale.ts'
import { Problem } from '../problem.ts'
import type { TableFile } from '../spreadsheets/index.ts'
import { printable } from '../text.ts'
import { applyAll } from './applying.ts'
import { fields } from './fields.ts'
import { gather } from './gathering.ts'
import { homeOfList } from './hours.ts'
import type { Mapping, Origin } from './layout.ts'
import { findList } from './lists.ts'
import { type Imported, openOutcome, type Refused } from './outcome.ts'
import { openShelf } from './shelf.ts'

export type Options = {
  list: string
  dryRun?: boolean
  /** Columns by name or number; `-` is none. */
  map?: Mapping
  from?: Origin
  charset?: string
  delimiter?: string
  /** The language of what is said (default: the paper's). */
  language?: string
  /** It is said to the desk, which has fields where the command line has options. */
  atDesk?: boolean
  /** Hears of each row that is not taken in, as it is met: the files are read before anybody is taken in. */
  onRefused?: (refused: Refused) => void
  onProgress?: (done: number, total?: number) => void
  signal?: AbortSignal
  /**
   * Whether who imports may change readers of every list (default: yes). Who may not only says who is on this list: a
   * mailbox that is dead has left it, and name and fields of readers whom another list knows stay as they are.
   */
  everywhere?: boolean
}

/** `importFiles` for a single file that has no name. */
export async function importCsv(
  app: App,
  actor: Actor,
  stream: AsyncIterable<Uint8Array | string>,
  options: Options,
): Promise<Imported> {
  return importFiles(app, actor, [{ name: '', open: async () => stream }], options)
}

/**
 * Reads tables of readers to their end, sorts what they say by address, and takes the readers into the list, some hundred
 * in a transaction. Memory holds one compartment of the sorted rows.
 *
 * Whoever left or bounced in any of the files leaves here; who is suppressed or has left is never brought back. A second
 * import changes nothing, so that one which was ended at any moment is simply begun again. If a file cannot be read,
 * nobody is taken in from any of them: it may be the one that says who has left.
 */
export async function importFiles(app: App, actor: Actor, inputs: TableFile[], options: Options): Promise<Imported> {
  const list = await findList(app.read, options.list)
  checkShape(options)
  const tongue = options.language ?? app.config.language
  const sentence = (code: string, values?: Record<string, string | number>) =>
    options.atDesk ? atDesk(tongue, code, values) : say(tongue, `subscribers.${code}` as MessageKey, values)
  const outcome = openOutcome(inputs, sentence, options.onRefused)
  const shelf = openShelf(join(app.config.data, 'imports'))
  try {
    const kin = { declared: await fields(app.read), home: await homeOfList(app.read, list.id) }
    const readable = await gather(inputs, list, kin, shelf, outcome, options)
    if (readable && !options.signal?.aborted)
      await inBulk(app.db, () => applyAll(app, actor, list, shelf, outcome, options))
  } finally {
    shelf.close()
  }
  return outcome.imported(options.signal?.aborted === true)
}

/** Those that name options of the command line, in the desk's own words. */
const DESK_WORDS = ['bad-state', 'csv-no-address', 'csv-unclear', 'csv-unheard']

/** What is wrong with a file or a row, for who has fields to choose columns with. */
export function atDesk(language: string, code: string, values?: Record<string, string | number>): string {
  const key = DESK_WORDS.includes(code) ? `desk.imports-${code}` : `subscribers.${code}`
  return say(language, key as MessageKey, values)
}

function checkShape({ charset, delimiter }: Options): void {
  if (delimiter !== undefined && !/^[^"\r\n]$/u.test(delimiter))
    throw new Problem('bad-delimiter', { value: printable(delimiter).slice(0, 20) })
  try {
    if (charset !== undefined) new TextDecoder(charset)
  } catch (error) {
    throw new Problem('bad-charset', { value: printable(charset!).slice(0, 60) }, { cause: error })
  }
}

import type { TableFile } from '../spreadsheets/index.ts'
import type { Verdict } from './admitting.ts'

/** A row that was not taken in: where it stands, what it says, why not. `skipped` is one that could be read. */
export type Refused = { file: string; line: number; verdict: 'invalid' | 'skipped'; value: string; reason: string }

/** How a file was understood. */
export type FileRead = {
  file: string
  rows: number
  charset?: string
  delimiter?: string
  from?: string
  columns?: Record<string, string>
  /** What the whole file says of everybody in it, if not that they read. */
  all?: string
  refused?: string
}

/**
 * What became of the rows. `refused`: a file could not be read, or not to its end, and `reason` says why; nobody was taken
 * in then. `updated` and `unchanged` count rows, `unchanged` further rows of one address too; `skipped` are those that are
 * not written to: `because` says why. `recorded` are those that had not left, or were not suppressed, before.
 */
export type Imported = {
  import: number | null
  refused: boolean
  reason?: string
  added: number
  updated: number
  unchanged: number
  skipped: number
  because: { suppressed: number; left: number; pending: number; erased: number }
  recorded: { left: number; suppressed: number }
  duplicates: number
  rejected: { file?: string; line: number; reason: string }[]
  rejectedInAll: number
  stopped: boolean
  files: FileRead[]
}

export type Outcome = {
  readonly files: FileRead[]
  readonly counts: Counts
  /** What tells each file from every other, once it was read. */
  readonly prints: string[]
  import: number | null
  refuse(file: number, code: string, values?: Record<string, string | number>): void
  /** A row that cannot be used. */
  reject(file: number, line: number, code: string, value: string): void
  skip(file: number, line: number, verdict: keyof Imported['because'], address: string): void
  imported(stopped: boolean): Imported
}

export type Counts = Pick<
  Imported,
  'added' | 'updated' | 'unchanged' | 'skipped' | 'because' | 'recorded' | 'duplicates'
>

const MOST_REASONS = 100_000 // named line by line; beyond it they are only counted

export function openOutcome(
  inputs: TableFile[],
  sentence: (code: string, values?: Record<string, string | number>) => string,
  onRefused: ((refused: Refused) => void) | undefined,
): Outcome {
  const files: FileRead[] = inputs.map(({ name }) => ({ file: name, rows: 0 }))
  const rejected: Imported['rejected'] = []
  let rejectedInAll = 0
  let reason: string | undefined
  const said = new Map<string, string>()
  /** Each made once: a file may be wrong in every line. */
  function told(code: string): string {
    const words = said.get(code) ?? sentence(code)
    said.set(code, words)
    return words
  }
  const named = (file: number) => (inputs.length > 1 ? { file: files[file]!.file } : {})
  const outcome: Outcome = {
    files,
    prints: [],
    counts: {
      added: 0,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      because: { suppressed: 0, left: 0, pending: 0, erased: 0 },
      recorded: { left: 0, suppressed: 0 },
      duplicates: 0,
    },
    import: null,
    refuse(file, code, values) {
      files[file]!.refused = sentence(code, values)
      reason ??= inputs.length > 1 ? `${files[file]!.file}: ${files[file]!.refused}` : files[file]!.refused!
    },
    reject(file, line, code, value) {
      rejectedInAll++
      if (rejected.length < MOST_REASONS) rejected.push({ ...named(file), line, reason: told(code) })
      onRefused?.({ file: files[file]!.file, line, verdict: 'invalid', value, reason: told(code) })
    },
    skip(file, line, verdict, address) {
      onRefused?.({
        file: files[file]!.file,
        line,
        verdict: 'skipped',
        value: address,
        reason: told(`skipped-${verdict}`),
      })
    },
    imported: (stopped) => ({
      import: outcome.import,
      refused: reason !== undefined,
      ...(reason !== undefined && { reason }),
      ...outcome.counts,
      rejected,
      rejectedInAll,
      stopped,
      files,
    }),
  }
  return outcome
}

/** Adds what a chunk was judged to be. */
export function count(counts: Counts, verdict: Verdict, copies: number): void {
  counts.duplicates += copies
  if (verdict === 'added' || verdict === 'updated' || verdict === 'unchanged') {
    counts[verdict]++
    counts.unchanged += copies
    return
  }
  counts.skipped += 1 + copies
  counts.because[verdict] += 1 + copies
}

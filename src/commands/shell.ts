import { createReadStream } from 'node:fs'
import { addAbortSignal, Readable } from 'node:stream'
import { type Command, Option } from 'commander'
import type { App } from '../app.ts'
import { type Config, readConfig } from '../config.ts'
import { openApp } from '../open.ts'
import { Problem } from '../problem.ts'
import { printable } from '../text.ts'

/** What a command may use of the terminal it was typed on. */
export type Shell = { config: Config; print(answer: unknown): void; say(line: string): void; signal: AbortSignal }

const IMPATIENCE = 1000 // ms after which a second Ctrl+C is meant

/** A sub-command with the options that all of them have. */
export function command(parent: Command, words: string, summary: string): Command {
  return parent
    .command(words)
    .description(summary)
    .option('--json', 'answer in JSON')
    .showHelpAfterError('(add --help for what it takes)')
}

/** A group of commands: `nashra article …`. */
export function group(parent: Command, noun: string, summary: string): Command {
  return parent.command(noun).description(summary)
}

/** Runs a command's work on an open app, which is closed whatever happens. */
export async function withApp(
  options: { json?: boolean; newKeys?: boolean },
  work: (app: App, shell: Shell) => Promise<void>,
): Promise<void> {
  const config = readConfig()
  const app = await openApp(config, { newKeys: options.newKeys === true })
  try {
    await work(app, openShell(config, options.json === true))
  } finally {
    await app.database.close()
  }
}

export function openShell(config: Config, json: boolean): Shell {
  let asked: AbortSignal | undefined
  return {
    config,
    // Only who looks at it hears of signals: all other commands may be ended at any moment, and are.
    get signal() {
      asked ??= untilAskedToStop()
      return asked
    },
    print: (answer) => void process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${readable(answer)}\n`),
    say: (line) => void (json || process.stdout.write(`${line}\n`)),
  }
}

function untilAskedToStop(): AbortSignal {
  const stop = new AbortController()
  let since = Number.POSITIVE_INFINITY
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // The launcher and the terminal may both pass on one keystroke; only a later Ctrl+C means "at once".
      if (signal === 'SIGINT' && performance.now() - since > IMPATIENCE) process.exit(130)
      since = Math.min(since, performance.now())
      stop.abort()
      process.stdin.destroy() // else whoever waits for more of it would wait for ever
    })
  }
  return stop.signal
}

/** The bytes until it is time to stop, also in the middle of waiting for more. */
export async function* untilStopped<T>(bytes: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const stream = addAbortSignal(signal, Readable.from(bytes))
  try {
    yield* stream
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** A file as a stream of bytes, `-` for standard input; a file that cannot be read is a Problem. */
export async function openInput(file: string): Promise<AsyncIterable<Buffer>> {
  if (file === '-') return process.stdin
  const stream = createReadStream(file)
  try {
    await new Promise((resolve, reject) => stream.once('open', resolve).once('error', reject))
    await new Promise((resolve, reject) =>
      stream
        .once('readable', () => resolve(undefined))
        .once('end', () => resolve(undefined))
        .once('error', reject),
    )
    return stream
  } catch (error) {
    throw new Problem(
      'file-unreadable',
      { file, reason: (error as Error).message.replace(/, \w+ '.*$/, '') },
      { cause: error },
    )
  }
}

/** A number option; what it must be is said by the verb that takes it. */
export function number(flags: string, summary: string): Option {
  return new Option(flags, summary).argParser(numeral)
}

/** A number as typed; NaN for what is none, an empty word too. */
export function numeral(value: string): number {
  return value.trim() === '' ? Number.NaN : Number(value)
}

/** Values of an option that may be given several times. */
export function several(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** An instant as typed: ISO 8601 with an offset, of the years 1970 to 2100, or a Problem. */
export function instantOption(value: string): Temporal.Instant {
  try {
    const at = Temporal.Instant.from(value)
    if (at.epochMilliseconds >= 0 && at.epochMilliseconds < YEAR_2101) return at
  } catch {
    // said below
  }
  throw new Problem('bad-date', { value })
}

const YEAR_2101 = Date.UTC(2101)

/** An answer for people: a table for rows, `name: value` lines for one thing. */
function readable(answer: unknown): string {
  if (Array.isArray(answer)) return answer.length === 0 ? '(none)' : table(answer as Record<string, unknown>[])
  if (typeof answer !== 'object' || answer === null) return cell(answer)
  return Object.entries(answer)
    .map(([key, value]) => {
      const rows = Array.isArray(value) ? value : [value]
      return typeof rows[0] === 'object' && rows[0] !== null
        ? `${key}:\n${indent(table(rows))}`
        : `${key}: ${cell(value)}`
    })
    .join('\n')
}

function table(rows: Record<string, unknown>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return rows.map((row) => columns.map((column) => `${column}=${cell(row[column])}`).join('  ')).join('\n')
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-'
  const text = Array.isArray(value)
    ? value.join(', ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)
  return printable(text) || '-'
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}

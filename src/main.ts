import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { readers } from './commands/readers.ts'
import { readConfig } from './config.ts'
import { sentence, spoken } from './locale.ts'
import { Problem } from './problem.ts'
import { printable } from './text.ts'

const program = new Command('nashra')
  .description(
    'Feeds and newsletters for a newsroom. Settings come from the environment: NASHRA_DATA, NASHRA_DATABASE, NASHRA_URL, NASHRA_SMTP, … (docs/operating.md)',
  )
  .version(manifest.version)
  .exitOverride()
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })

// An import of millions does without the 25 MB of code that the other commands bring along.
const alone = /^(subscribers|import)$/.test(process.argv[2] ?? '')
const COMMANDS = alone ? [readers] : (await import('./commands/every.ts')).COMMANDS
for (const register of COMMANDS) register(program)

process.umask(0o077) // databases, secrets and backups are their owner's alone

// The launcher's lifeline: when it is killed, this process goes with it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.channel?.unref()
const losses = new Set<unknown>() // why the answer could not be written
process.stderr.on('error', () => {}) // nobody listens
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const told = error.code === 'EPIPE' || losses.size > 0 // whoever read our answer has enough, but the work goes on
  losses.add(error)
  if (told) return
  process.exitCode = complain(new Problem('output-unwritable', { reason: error.message }, { cause: error }))
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = explain(error)
}

/** Says what went wrong in one sentence; the exit code: 1 refused, 2 wrong usage. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // commander has said it
  if (error instanceof Problem) return complain(error)
  if (losses.has(error)) return Number(process.exitCode ?? 0) // said above
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL|53100)$/.test((error as NodeJS.ErrnoException | null)?.code ?? ''))
    return complain(new Problem('disk-full', { reason: (error as Error).message }))
  process.stderr.write(`nashra: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}

function complain(problem: Problem): number {
  process.stderr.write(`nashra: ${printable(sentence(languageOfTerminal(), problem))}\n`)
  return problem.code === 'config' ? 2 : 1
}

function languageOfTerminal(): string {
  try {
    const { language } = readConfig()
    return spoken.includes(language) ? language : 'en'
  } catch {
    return 'en'
  }
}

import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import * as explaining from './explaining.ts'
import { finding, partOf } from './finding.ts'
import { moreOnLists } from './lists.ts'
import { openProgress } from './progress.ts'
import { reader } from './reader.ts'
import { command, group, number, openInput, untilStopped, withApp } from './shell.ts'

type Json = { json?: boolean }
type ListOptions = Json & { title: string; language?: string; from?: string; replyTo?: string; public?: boolean }

/** `list add|set|show|all|letter|embed`, `subscribers import`, `subscribers export`, `subscriber show`, `suppression add|list|export`. */
export function readers(program: Command): void {
  const lists = group(program, 'list', 'what one may join')
  moreOnLists(lists)
  command(lists, 'add <slug>', 'open a list')
    .requiredOption('--title <title>', 'what readers see')
    .option('--language <tag>', "its language (default: the paper's)")
    .option('--from <sender>', '"Name <address>", if not the paper\'s')
    .option('--reply-to <address>', 'where answers go')
    .option('--public', 'anybody may ask to join it on the web')
    .action((slug: string, { title, language, from, replyTo, ...options }: ListOptions) =>
      withApp(options, async (app, shell) => {
        const draft = {
          slug,
          title,
          ...(language && { language }),
          ...(from && { from }),
          ...(replyTo && { replyTo }),
          public: options.public === true,
        }
        const list = await subscribers.addList(app, 'cli', draft)
        shell.print({ slug: list.slug, title: list.title, language: list.language, visibility: list.visibility })
      }),
    )
  const commands = group(program, 'subscribers', 'the readers of a list')
  command(commands, 'import <file...>', 'CSV with a header (email, name, language); readers who agreed before')
    .requiredOption('--list <slug>', 'the list they are on')
    .option('--dry-run', 'read and judge everything, change nothing')
    .action((files: string[], options: Json & { list: string; dryRun?: boolean }) =>
      withApp(options, async (app, shell) => {
        const inputs = []
        for (const file of files) inputs.push({ file, bytes: await openInput(file) }) // all of them readable before the first goes in
        const all: (subscribers.Imported & { file: string })[] = []
        for (const { file, bytes } of inputs) {
          if (shell.signal.aborted) break
          const progress = openProgress(file, options.json === true)
          const done = await subscribers.importCsv(app, 'cli', Readable.from(untilStopped(bytes, shell.signal)), {
            list: options.list,
            dryRun: options.dryRun === true,
            onProgress: progress.to,
            signal: shell.signal,
          })
          progress.end()
          all.push({ ...done, file })
        }
        shell.print(inOne(all))
        if (shell.signal.aborted) throw new Problem('interrupted')
        if (all.some((done) => done.refused)) process.exitCode = 1
      }),
    )
  command(commands, 'export', 'CSV on standard output; with --json an array')
    .option('--list <slug>', 'of this list')
    .option('--segment <slug>', 'only the readers of this segment')
    .action((options: Json & { list?: string; segment?: string }) =>
      withApp(options, async (app) => {
        const write = options.json === true ? subscribers.exportJson : subscribers.exportCsv
        const { list, only } = await partOf(app, options)
        await write(app, list, process.stdout, only)
      }),
    )
  finding(commands)
  reader(group(program, 'subscriber', 'one reader'))
  suppression(group(program, 'suppression', 'addresses never written to again'))
}

type Wanted = { reason?: string; search?: string }

function suppression(commands: Command): void {
  command(commands, 'add <address>', 'suppress one')
    .option('--reason <words>', 'why', 'manual')
    .action((address: string, options: Json & { reason: string }) =>
      withApp(options, async (app, shell) => {
        const reason = await subscribers.suppress(app, 'cli', address, options.reason)
        shell.print({ suppressed: true, reason })
      }),
    )
  command(commands, 'list', 'the latest, with their reasons')
    .option('--reason <words>', 'how the reason begins, such as bounced or complaint')
    .option('--search <address>', 'a part of the address')
    .addOption(number('--limit <n>', 'at most so many').default(100))
    .action(({ json, limit, ...wanted }: Json & Wanted & { limit: number }) =>
      withApp({ json: json === true }, async (app, shell) => {
        if (!(Number.isInteger(limit) && limit >= 1 && limit <= 10_000))
          throw new Problem('bad-number', { name: '--limit', least: 1, most: 10_000 })
        const rows = await subscribers.suppressions(app.read, wanted, limit)
        shell.print(json ? rows : explaining.suppressions(shell.config.language, rows))
      }),
    )
  command(commands, 'export', 'all of them: CSV on standard output; with --json an array')
    .option('--reason <words>', 'how the reason begins')
    .option('--search <address>', 'a part of the address')
    .action(({ json, ...wanted }: Json & Wanted) =>
      withApp({ json: json === true }, async (app) => {
        await subscribers.exportSuppressions(app, wanted, json === true ? 'json' : 'csv', process.stdout)
      }),
    )
}

/** What became of several files together; each rejected line names its file where there are several. */
function inOne(all: (subscribers.Imported & { file: string })[]): subscribers.Imported {
  const sum = (key: 'added' | 'updated' | 'unchanged' | 'skipped' | 'rejectedInAll') =>
    all.reduce((total, done) => total + done[key], 0)
  const refused = all.find((done) => done.refused)
  const named = (done: { file: string }) => (all.length > 1 ? { file: done.file } : {})
  return {
    refused: refused !== undefined,
    ...(refused?.reason && { reason: all.length > 1 ? `${refused.file}: ${refused.reason}` : refused.reason }),
    added: sum('added'),
    updated: sum('updated'),
    unchanged: sum('unchanged'),
    skipped: sum('skipped'),
    rejected: all.flatMap((done) => done.rejected.map((row) => ({ ...named(done), ...row }))),
    rejectedInAll: sum('rejectedInAll'),
  }
}

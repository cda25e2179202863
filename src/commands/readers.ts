import type { Command } from 'commander'
import { instant } from '../../db/instant.ts'
import * as explaining from '../explaining.ts'
import { Problem } from '../problem.ts'
import * as segments from '../segments/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { bringing } from './bringing.ts'
import { finding } from './finding.ts'
import { moreOnLists } from './lists.ts'
import { command, group, instantOption, number, withApp } from './shell.ts'

type Json = { json?: boolean }
type ListOptions = Json & { title: string; language?: string; from?: string; replyTo?: string; public?: boolean }

/** `list add|set|show|all|letter|embed`, `subscribers import|export|list`, `suppression add|remove|list|export`. */
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
  bringing(program, commands)
  command(commands, 'export', 'CSV on standard output; with --json an array')
    .option('--list <slug>', 'of this list')
    .option('--segment <slug>', 'only the readers of this segment')
    .action((options: Json & { list?: string; segment?: string }) =>
      withApp(options, async (app) => {
        const write = options.json === true ? subscribers.exportJson : subscribers.exportCsv
        const { list, only } = await segments.partOf(app, options)
        await write(app, list, process.stdout, only)
      }),
    )
  finding(commands)
  suppression(group(program, 'suppression', 'addresses never written to again'))
}

type Lifted = { bounced?: boolean; since?: string; dryRun?: boolean }
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
  command(commands, 'remove [address]', 'write again to whom bounces had suppressed; never to whoever said no')
    .option('--bounced', 'all that bounces and refusals suppressed …')
    .option('--since <instant>', '… since then')
    .option('--dry-run', 'only count them')
    .action((address: string | undefined, { json, ...options }: Json & Lifted) =>
      withApp({ json: json === true }, async (app, shell) => {
        if ((address === undefined) === (options.bounced !== true) || (options.bounced && !options.since))
          commands.error('error: name one address, or give --bounced and --since')
        const since = options.since ? instant(instantOption(options.since)) : undefined
        const dry = options.dryRun === true
        const lifted = await subscribers.lift(app, 'cli', { ...(address && { address }), ...(since && { since }), dry })
        shell.print({ lifted, ...(dry && { dryRun: true }) })
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

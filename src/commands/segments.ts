import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Problem } from '../problem.ts'
import * as segments from '../segments/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { command, group, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `segment add|list|show|count|remove`, `field add|list`. */
export function segment(program: Command): void {
  const commands = group(program, 'segment', 'parts of lists by rules')
  command(commands, 'add <slug>', 'make one; it never changes')
    .requiredOption('--rule <json>', 'who belongs to it, as JSON, or @file')
    .option('--list <slug>', 'a part of this list (default: the one that the rule names)')
    .option('--title <title>', 'for the newsroom')
    .action((slug: string, options: Json & { rule: string; list?: string; title?: string }) =>
      withApp(options, async (app, shell) => {
        const { list, title } = options
        const rule = await ruleOf(options.rule)
        const draft = { slug, rule, ...(list !== undefined && { list }), ...(title !== undefined && { title }) }
        const added = await segments.add(app, 'cli', draft)
        shell.print({ slug, says: await segments.inWords(app.read, added, shell.config.language) })
      }),
    )
  command(commands, 'list', 'all of them, in words').action((options: Json) =>
    withApp(options, async (app, shell) => {
      const rows = []
      for (const one of await segments.all(app.read))
        rows.push({
          ...{ slug: one.slug, title: one.title, list: one.list },
          says: await segments.inWords(app.read, one, shell.config.language),
        })
      shell.print(rows)
    }),
  )
  command(commands, 'show <slug>', 'its rule, and in words').action((slug: string, options: Json) =>
    withApp(options, async (app, shell) => {
      const one = await segments.find(app.read, slug)
      const says = await segments.inWords(app.read, one, shell.config.language)
      const rule = options.json ? JSON.parse(one.rule) : one.rule
      shell.print({ slug, title: one.title, says, rule })
    }),
  )
  command(commands, 'count <slug>', 'how many readers it has now').action((slug: string, options: Json) =>
    withApp(options, async (app, shell) => {
      const one = await segments.find(app.read, slug)
      try {
        shell.print({ slug, ...(await segments.count(app, one, shell.signal)) })
      } catch (error) {
        throw shell.signal.aborted ? new Problem('interrupted-dry') : error
      }
    }),
  )
  command(commands, 'remove <slug>', 'take one away').action((slug: string, options: Json) =>
    withApp(options, async (app, shell) => {
      await segments.remove(app, 'cli', slug)
      shell.print({ slug, removed: true })
    }),
  )
  field(group(program, 'field', 'what else is kept of readers'))
}

function field(commands: Command): void {
  command(commands, 'add <name>', 'declare one, like city')
    .option('--title <words>', 'what people call it')
    .option('--kind <kind>', 'text, number or date', 'text')
    .action((name: string, { json, ...draft }: Json & { title?: string; kind: string }) =>
      withApp({ json: json === true }, async (app, shell) => {
        const added = await subscribers.addField(app, 'cli', { name, ...draft })
        shell.print({ name: added.name, title: added.title, kind: added.kind })
      }),
    )
  command(commands, 'list', 'all of them').action((options: Json) =>
    withApp(options, async (app, shell) =>
      shell.print((await subscribers.fields(app.read)).map(({ name, title, kind }) => ({ name, title, kind }))),
    ),
  )
}

async function ruleOf(typed: string): Promise<string> {
  if (!typed.startsWith('@')) return typed
  const file = typed.slice(1)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = (error as Error).message.replace(/, \w+ '.*$/, '')
    throw new Problem('file-unreadable', { file, reason }, { cause: error })
  }
}

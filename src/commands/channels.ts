import type { Command } from 'commander'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import { feeds } from './feeds.ts'
import { command, group, number, numeral, several, withApp } from './shell.ts'

type Json = { json?: boolean }

type Filtering = { section?: string[]; tag?: string[]; author?: string[]; language?: string[]; source?: string[] }
type Typed = Json & Filtering & { title?: string; description?: string; size?: number; summary?: boolean }

/** `channel add`, `channel set`, `channel list`, `channel stats`, `channel health`. */
export function channel(program: Command): void {
  const commands = group(program, 'channel', 'streams of articles that we publish')
  const adding = command(
    commands,
    'add <slug>',
    'publish one: a filter over sections, tags, authors, languages, sources',
  )
  settingsOf(adding.requiredOption('--title <title>', 'what readers see')).action(
    (slug: string, options: Typed & { title: string }) =>
      withApp(options, async (app, shell) => {
        const draft = { slug, filter: filterOf(options), ...settings(options), title: options.title }
        shell.print(shown(app.config.url, await channels.add(app, 'cli', draft)))
      }),
  )
  const setting = command(
    commands,
    'set <slug>',
    'change one; its addresses stay. A filter that is given takes the place of the one of its kind, an empty word takes it away',
  )
  settingsOf(setting.option('--title <title>', 'what readers see'))
    .option('--full-text', 'feeds carry the full text')
    .action((slug: string, options: Typed & { fullText?: boolean }) =>
      withApp(options, async (app, shell) => {
        const given = filterOf(emptied(options))
        const filter = { ...channels.filterOf(await channels.find(app.db, slug)), ...given }
        const changed = await channels.set(app, 'cli', slug, {
          ...settings(options),
          ...(options.fullText && { summary: false }),
          ...(Object.keys(given).length > 0 && { filter }),
        })
        shell.print(shown(app.config.url, changed))
      }),
    )
  command(commands, 'list', 'all of them').action((options: Json) =>
    withApp(options, async (app, shell) =>
      shell.print((await channels.all(app.read)).map((one) => shown(app.config.url, one))),
    ),
  )
  feeds(commands)
}

function settingsOf(command: Command): Command {
  return command
    .option('--description <words>', 'a sentence about it')
    .option('--section <name>', 'may be given several times, as all filters', several)
    .option('--tag <name>', '', several)
    .option('--author <name>', '', several)
    .option('--language <tag>', '', several)
    .option('--source <id>', '', several)
    .addOption(number('--size <n>', 'entries in its feeds (default 50)'))
    .option('--summary', 'feeds carry the summary instead of the full text')
}

function settings({ title, description, size, summary }: Typed): channels.Changes {
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(size !== undefined && { size }),
    ...(summary && { summary }),
  }
}

function filterOf(options: Filtering): channels.Filter {
  const kinds = ['section', 'tag', 'author', 'language'] as const
  const words = kinds.flatMap((kind) => (options[kind] ? [[kind, options[kind]]] : []))
  return { ...Object.fromEntries(words), ...(options.source && { source: options.source.map(numeral) }) }
}

/** Without empty words: they take a filter away. */
function emptied(options: Filtering): Filtering {
  const kinds = ['section', 'tag', 'author', 'language', 'source'] as const
  return Object.fromEntries(kinds.flatMap((kind) => (options[kind] ? [[kind, options[kind].filter(Boolean)]] : [])))
}

function shown(base: string, one: channels.Channel) {
  return {
    slug: one.slug,
    title: one.title,
    filter: channels.filterOf(one),
    language: one.language,
    size: one.size,
    text: one.text,
    url: links.channel(base, one.slug),
    rss: links.feed(base, one.slug, 'rss'),
  }
}

import { setFlagsFromString } from 'node:v8'
import type { Command } from 'commander'
import { moment } from '../../db/instant.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import * as reading from '../reading/index.ts'
import * as sources from '../sources/index.ts'
import { polledFromShell } from './polling.ts'
import { command, group, withApp } from './shell.ts'

type Json = { json?: boolean }

/** The settings as they are typed. */
type Typed = {
  title?: string
  language?: string
  zone?: string
  dayFirst?: boolean
  dateOrder?: string
  section?: string
  credit?: string
  charset?: string
  hold?: boolean
  publish?: boolean
  own?: boolean
  partner?: boolean
  linkOut?: boolean
  fullText?: boolean
  news?: boolean
  archive?: boolean
  pictures?: boolean
  url?: string
}

/** `source add`, `source try`, `source set`, `source pause`, `source resume`, `source list`, `source show`, `source poll`. */
export function source(program: Command): void {
  const commands = group(program, 'source', 'other sites that we read')
  function numberOf(id: string): number {
    if (/^\d{1,15}$/.test(id)) return Number(id)
    return commands.error(`error: «${id}» is not the number of a source; source list names them`)
  }
  settingsOf(command(commands, 'add <url>', 'a feed, or a site whose feed is looked for')).action(
    (url: string, options: Json & Typed) =>
      withApp(options, async (app, shell) => {
        const {
          id,
          url: stored,
          kind,
          found,
          warning,
        } = await sources.add(app, 'cli', url, settings(options), shell.signal)
        shell.print({
          id,
          url: stored,
          kind,
          ...(found && { found: found.how, ...(found.others.length > 0 && { others: found.others }) }),
          ...(warning && { warning }),
        })
      }),
  )
  settingsOf(command(commands, 'try <url>', 'read it once as `add` and a poll would, and store nothing')).action(
    (url: string, options: Json & Typed) =>
      withApp(options, async (app, shell) => {
        try {
          shell.print(written(await sources.tryRead(app, url, settings(options), shell.signal)))
        } finally {
          await reading.close()
        }
      }),
  )
  const set = settingsOf(
    command(commands, 'set <id>', 'change what was decided about one; an empty word takes it back'),
  )
    .option('--url <url>', 'where its feed is now')
    .option('--publish', 'what it brings is published at once')
    .option('--partner', "it is somebody else's site")
    .option('--full-text', 'its texts are shown here')
    .option('--archive', 'its first reading is the archive')
    .option('--no-pictures', 'its pictures are shown from where they lie')
  set.action((id: string, options: Json & Typed) =>
    withApp(options, async (app, shell) => {
      const given = set.getOptionValueSource('pictures') === 'default' ? { ...options, pictures: undefined } : options
      const changed = await sources.set(app, 'cli', numberOf(id), settings(given as Typed))
      shell.print(await sources.shown(app.db, changed))
    }),
  )
  for (const [verb, change] of [
    ['pause', sources.pause],
    ['resume', sources.resume],
  ] as const)
    command(
      commands,
      `${verb} <id>`,
      verb === 'pause' ? 'poll it no more' : 'poll it again, also one that had ended',
    ).action((id: string, options: Json) =>
      withApp(options, async (app, shell) =>
        shell.print(await sources.shown(app.db, await change(app, 'cli', numberOf(id)))),
      ),
    )
  command(commands, 'list', 'all of them, and how they fare').action((options: Json) =>
    withApp(options, async (app, shell) => shell.print(await sources.listed(app.read, await sources.all(app.read)))),
  )
  command(commands, 'show <id>', 'how it is read, when, and what came of it').action((id: string, options: Json) =>
    withApp(options, async (app, shell) =>
      shell.print(await sources.shown(app.read, await sources.find(app.read, numberOf(id)))),
    ),
  )
  command(commands, 'poll [id]', 'ask what is due, or one whatever its hour')
    .option('--once', 'each source once, also where there is more to fetch')
    .action((id: string | undefined, options: Json & { once?: boolean }) =>
      withApp(options, async (app, shell) => {
        setFlagsFromString('--optimize-for-size') // much passes through and nothing stays: else it piles up to twice the memory
        try {
          const answers = []
          const { json = false, once = false } = options
          for (const { source, polled } of await polledFromShell(app, shell, {
            ...(id !== undefined && { id: numberOf(id) }),
            once,
            json,
          })) {
            const items = await intake.stored(app.db, source)
            answers.push({ id: source.id, url: source.url, ...polled, items: json ? items : items.length })
          }
          shell.print(answers)
        } finally {
          await reading.close()
        }
        if (shell.signal.aborted) throw new Problem('interrupted')
      }),
    )
}

/** A trial as `source show` tells a source. */
function written({ items, notes, ...trial }: sources.Trial) {
  const dated = items.map(({ published_at, ...item }) => ({
    ...item,
    date: published_at === undefined ? null : moment(published_at).toString({ smallestUnit: 'second' }),
  }))
  return {
    ...trial,
    ...(notes && { ...notes, charset: `${notes.charset.name} (${notes.charset.why})` }),
    items: dated,
  }
}

function settingsOf(command: Command): Command {
  return command
    .option('--title <name>', "its name; its feed's own unless given")
    .option('--language <tag>', 'of stories that name none')
    .option('--zone <name>', "of dates that name none; the paper's unless given")
    .option('--day-first', 'of dates like 04/12/2025 the day comes first')
    .option('--date-order <order>', 'the same in a word: day, month or auto')
    .option('--section <name>', 'for all that it brings')
    .option('--credit <name>', 'the line at its stories that says where they come from')
    .option('--charset <name>', 'of its documents, where they say none or a wrong one')
    .option('--hold', 'what it brings waits for review')
    .option('--own', "the newsroom's own site: its ids and pictures are kept")
    .option('--link-out', 'its stories lead to its own site')
    .option('--news', 'its first reading is news, for digests too')
    .option('--pictures', 'its pictures are copied')
}

function settings(typed: Typed): sources.Settings & { url?: string } {
  const { title, language, zone, section, credit, charset, url } = typed
  const order = typed.dayFirst ? 'day' : typed.dateOrder
  if (order !== undefined && !isOrder(order)) throw new Problem('bad-date-order', { value: order })
  const pictures = typed.pictures ?? (typed.own ? true : undefined)
  const given = {
    title, language, zone, section, credit, charset, url,
    date_order: order,
    relation: either(typed.own, 'own', typed.partner, 'partner'),
    body: either(typed.linkOut, 'link', typed.fullText, 'full'),
    intake: either(typed.hold, 'hold', typed.publish, 'publish'),
    first: either(typed.news, 'news', typed.archive, 'archive'),
    pictures: either(pictures, 'keep', pictures === false, 'leave'),
  } // biome-ignore format: one table
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function isOrder(word: string): word is 'day' | 'month' | 'auto' {
  return ['day', 'month', 'auto'].includes(word)
}

function either<One, Other>(
  one: boolean | undefined,
  word: One,
  other: boolean | undefined,
  otherWord: Other,
): One | Other | undefined {
  return one ? word : other ? otherWord : undefined
}

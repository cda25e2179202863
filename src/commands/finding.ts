import type { Command } from 'commander'
import { type Instant, instant, moment } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import * as segments from '../segments/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { command, instantOption, number, withApp } from './shell.ts'

type Options = {
  json?: boolean
  list?: string
  state?: string
  language?: string
  domain?: string
  search?: string
  segment?: string
  joinedAfter?: string
  joinedBefore?: string
  leftAfter?: string
  leftBefore?: string
  suppressed?: boolean
  limit: number
  after?: string
}

const PATIENCE = 1500 // ms to learn names that are new, before they are searched

/** `subscribers list`. */
export function finding(commands: Command): void {
  command(commands, 'list', 'the readers that are wanted, the newest first')
    .option('--list <slug>', 'on this list')
    .option('--state <state>', 'whose subscription is pending, active or left')
    .option('--language <tag>', 'who read in this language')
    .option('--domain <name>', 'whose address is there, like gmail.com')
    .option('--search <words>', 'an address, how one begins, or a name')
    .option('--segment <slug>', 'who belong to this segment')
    .option('--joined-after <moment>', 'a day, or a moment with its offset')
    .option('--joined-before <moment>', 'the same')
    .option('--left-after <moment>', 'who have left since then')
    .option('--left-before <moment>', 'and before')
    .option('--suppressed', 'whom we never write to')
    .option('--no-suppressed', 'all others')
    .addOption(number('--limit <n>', 'at most so many').default(50))
    .option('--after <id>', 'goes on behind this reader')
    .action((options: Options) =>
      withApp({ json: options.json === true }, async (app, shell) => {
        const { limit, after } = options
        if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1000))
          throw new Problem('bad-number', { name: '--limit', least: 1, most: 1000 })
        if (options.search) await subscribers.learnNames(app, { patience: PATIENCE })
        const found = await subscribers.find(app.read, await wanted(app, options), {
          limit,
          ...(after !== undefined && { after }),
          signal: shell.signal,
        })
        shell.print(options.json ? { readers: found.readers.map(written), next: found.next ?? null } : table(found))
      }),
    )
}

async function wanted(app: App, options: Options): Promise<subscribers.Wanted> {
  const { state, language, domain, search, suppressed } = options
  const part = options.segment === undefined ? options : await segments.partOf(app, options)
  const { zone } = await app.read.selectFrom('site').select('zone').executeTakeFirstOrThrow()
  return {
    ...(part.list !== undefined && { list: part.list }),
    ...('only' in part && part.only && { condition: part.only, state: 'active' as const }),
    ...(state !== undefined && { state: state as subscribers.State }),
    ...(language !== undefined && { language }),
    ...(domain !== undefined && { domain }),
    ...(search !== undefined && { search }),
    ...(suppressed !== undefined && { suppressed }),
    ...momentsOf(options, zone),
  }
}

function momentsOf(options: Options, zone: string): Partial<subscribers.Wanted> {
  const names = ['joinedAfter', 'joinedBefore', 'leftAfter', 'leftBefore'] as const
  const given = names.filter((name) => options[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, momentOf(options[name]!, zone)]))
}

function momentOf(typed: string, zone: string): Instant {
  if (!/^\d{4}-\d\d-\d\d$/.test(typed)) return instant(instantOption(typed))
  try {
    return instant(Temporal.PlainDate.from(typed).toZonedDateTime(zone).toInstant())
  } catch {
    throw new Problem('bad-date', { value: typed })
  }
}

function written({ created_at, erased_at, lists, ...reader }: subscribers.Found) {
  return {
    ...reader,
    created_at: moment(created_at).toString(),
    erased_at: erased_at === null ? null : moment(erased_at).toString(),
    lists: lists.map(({ joined_at, left_at, ...list }) => ({
      ...list,
      joined_at: moment(joined_at).toString(),
      left_at: left_at === null ? null : moment(left_at).toString(),
    })),
  }
}

function table({ readers, next }: { readers: subscribers.Found[]; next?: string }) {
  const rows = readers.map(({ id, address, name, suppressed, lists }) => ({
    id,
    address,
    name,
    lists: lists.map(({ list, state }) => `${list} (${state})`),
    suppressed,
  }))
  return next === undefined ? rows : { readers: rows, next: `--after ${next}` }
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { instant, moment } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as deliveries from '../deliveries/index.ts'
import * as digests from '../digests/index.ts'
import { duration } from '../duration.ts'
import * as editions from '../editions.ts'
import { sign } from '../keys.ts'
import * as links from '../links.ts'
import { Problem } from '../problem.ts'
import { beThrifty } from '../thrift.ts'
import { openProgress } from './progress.ts'
import { command, group, instantOption, number, type Shell, withApp } from './shell.ts'

type Json = { json?: boolean }
type AddOptions = Json & Omit<digests.Draft, 'slug'>
type SetOptions = Omit<digests.Change, 'segment'> & { segment?: string }

/** `digest add`, `digest set`, `digest preview`, `digest compose`. */
export function digest(program: Command): void {
  const commands = group(program, 'digest', 'what is promised to a list, every day')
  command(commands, 'add <slug>', 'promise one')
    .requiredOption('--channel <slug>', 'where its stories come from')
    .requiredOption('--list <slug>', 'who gets it')
    .option('--segment <slug>', 'only these readers of the list')
    .requiredOption('--at <hh:mm>', 'its hour')
    .option('--zone <zone>', "where that hour is (default: the paper's zone)")
    .option('--weekdays <days>', 'on these only: mon,tue,… (default: daily)')
    .option('--title <title>', "what readers see (default: the list's title)")
    .addOption(number('--max <n>', 'stories in full; the rest are headlines (default 25)'))
    .addOption(number('--min <n>', 'fewer wait for the next day (default 1)'))
    .option('--max-age <duration>', 'nothing older (default 48h)')
    .option('--late <duration>', 'not made up when missed by more (default 4h)')
    .action((slug: string, { json, ...options }: AddOptions) =>
      withApp({ json: json === true }, async (app, shell) => {
        const { digest: added, slot } = await digests.add(app, 'cli', { slug, ...options })
        shell.print({
          slug: added.slug,
          title: added.title,
          at: options.at,
          zone: slot.zone,
          max: added.max,
          min: added.min,
          next: moment(slot.next_at).toString(),
        })
      }),
    )
  command(commands, 'set <slug>', 'change what is promised; what is not named stays')
    .option('--channel <slug>', 'where its stories come from')
    .option('--segment <slug>', 'only these readers of the list; none: all of them')
    .option('--at <hh:mm>', 'its hour')
    .option('--zone <zone>', 'where that hour is')
    .option('--weekdays <days>', 'on these only: mon,tue,…, or daily')
    .option('--title <title>', 'what readers see')
    .addOption(number('--max <n>', 'stories in full; the rest are headlines'))
    .addOption(number('--min <n>', 'fewer wait for the next day'))
    .option('--max-age <duration>', 'nothing older')
    .option('--late <duration>', 'not made up when missed by more')
    .action((slug: string, { json, segment, ...change }: Json & SetOptions) =>
      withApp({ json: json === true }, async (app, shell) => {
        const whole = segment === 'none' ? null : segment
        const { digest: changed, slot } = await digests.set(app, 'cli', slug, {
          ...change,
          ...(whole !== undefined && { segment: whole }),
        })
        shell.print({ slug, title: changed.title, next: moment(slot.next_at).toString() })
      }),
    )
  command(commands, 'preview <slug>', 'write letter.eml, letter.html and letter.txt')
    .option('--at <instant>', 'as if it were then')
    .option('--subscriber <address>', 'as this reader would get it')
    .requiredOption('--out <dir>', 'the folder to write into')
    .action((slug: string, options: Json & { at?: string; subscriber?: string; out: string }) =>
      withApp(options, async (app, shell) => {
        const { at, subscriber } = options
        const letter = await digests.preview(app, slug, {
          ...(at && { at: instantOption(at) }),
          ...(subscriber && { subscriber }),
        })
        await write(options.out, {
          'letter.eml': letter.eml,
          'letter.html': letter.html,
          'letter.txt': letter.text,
        })
        shell.print({ subject: letter.subject, stories: letter.stories, bytes: letter.eml.length, out: options.out })
      }),
    )
  command(commands, 'compose [slug]', 'open the edition of the day; without a slug: what is due')
    .option('--at <instant>', 'as if it were then')
    .action((slug: string | undefined, options: Json & { at?: string }) =>
      withApp(options, async (app, shell) => {
        beThrifty()
        const at = options.at ? instantOption(options.at) : undefined
        const composed = slug
          ? await digests.composeDay(app, 'cli', slug, at)
          : await digests.composeDue(app, 'cli', at)
        shell.print(composed)
      }),
    )
}

/** Says what a large list's first edition waits for, or why it has stopped itself. */
async function sayBraked(app: App, shell: Shell): Promise<void> {
  const first = await deliveries.heldBack(app.db, editions.FIRST)
  if (first > 0)
    shell.say(`${first} letters of a first edition wait ten minutes for what comes back (edition resume: at once)`)
  const refusals = await deliveries.heldBack(app.db, editions.REFUSALS)
  if (refusals > 0)
    shell.say(`${refusals} letters of a first edition are held: too many were refused (edition verify, edition resume)`)
  const complaints = await deliveries.heldBack(app.db, editions.COMPLAINTS)
  if (complaints > 0)
    shell.say(
      `${complaints} letters are held: too many readers call their edition spam (edition verify, edition resume)`,
    )
  for (const { domain, until, reason } of await deliveries.pausedDomains(app.db, instant(app.now())))
    shell.say(`${domain} refuses us, and its letters wait until ${until} (domain resume: at once): ${reason}`)
}

/** Says until when it will take, and who is last. */
function sayEnd(shell: Shell, { letters, rate, at, slowest }: NonNullable<deliveries.End>): void {
  const speed = rate === undefined ? '' : ` at ${rate} a second`
  const last = slowest ? `; the last are ${slowest.letters} to ${slowest.domain} at ${slowest.rate} a second` : ''
  shell.say(`${letters} letters${speed}: until about ${at}${last}`)
}

/** Writes files into a folder, which is made if need be. */
async function write(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    throw new Problem('folder-unwritable', { folder, reason }, { cause: error })
  }
}

/** `send`, `edition list`, `edition verify`, `edition watch`, `edition pause`, `edition resume`. */
export function send(program: Command): void {
  command(program, 'send', 'submit what is due')
    .requiredOption('--until-empty', 'end when nothing is due any more')
    .option('--wait <duration>', 'also what becomes due within this time', '0s')
    .action((options: Json & { wait: string }) =>
      withApp(options, async (app, shell) => {
        beThrifty()
        const wait = options.wait === '0' ? 0 : duration(options.wait)
        await digests.finishBegun(app, 'cli')
        const end = await deliveries.expectedEnd(app)
        if (end) sayEnd(shell, end)
        const progress = openProgress('letters', options.json === true)
        try {
          const sent = await deliveries.sendUntilEmpty(app, {
            wait,
            signal: shell.signal,
            onProgress: ({ done, waiting }) => progress.to(done, done + waiting),
            revise: () => digests.finishBegun(app, 'cli'),
          })
          const next = await deliveries.nextDue(app.db)
          const waiting = await deliveries.left(app.db)
          shell.print({
            ...{ ...sent, held: await deliveries.heldBack(app.db), waiting },
            ...(waiting > 0 && next !== undefined && { next: moment(next).toString() }),
          })
          await sayBraked(app, shell)
        } finally {
          progress.end()
        }
      }),
    )
  const commands = group(program, 'edition', "one day's digest")
  command(commands, 'list', 'the latest, with their ids and how far they are')
    .option('--digest <slug>', 'of this one alone')
    .addOption(number('--limit <n>', 'how many (default 20)'))
    .action(({ json, ...options }: Json & { digest?: string; limit?: number }) =>
      withApp({ json: json === true }, async (app, shell) => shell.print(await deliveries.latest(app.read, options))),
    )
  command(commands, 'verify <id>', 'count every delivery again').action((id: string, options: Json) =>
    withApp(options, async (app, shell) => {
      const answer = await deliveries.verify(app.db, id)
      shell.print(answer)
      if (!answer.reconciled) process.exitCode = 1
    }),
  )
  command(commands, 'watch <id>', 'print the address of its live counters (server-sent events)').action(
    (id: string, options: Json) =>
      withApp(options, async (app, shell) => {
        const edition = await editions.find(app.read, id)
        const url = links.progress(app.config.url, edition, sign(app.keys, 'watch', edition.id))
        shell.print({ edition: id, state: edition.state, ...(await deliveries.progress(app.read, edition.id)), url })
      }),
  )
  command(commands, 'pause <id>', 'stop before the next letter').action((id: string, options: Json) =>
    withApp(options, async (app, shell) => {
      await digests.pause(app, 'cli', id)
      shell.print({ edition: id, state: 'held' })
    }),
  )
  command(commands, 'resume <id>', 'go on').action((id: string, options: Json) =>
    withApp(options, async (app, shell) => {
      shell.print({ edition: id, state: await digests.resume(app, 'cli', id) })
    }),
  )
}

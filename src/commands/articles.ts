import type { Command } from 'commander'
import { instant, later, moment } from '../../db/instant.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as digests from '../digests/index.ts'
import * as links from '../links.ts'
import { Problem } from '../problem.ts'
import { importFiles } from './importing.ts'
import { openProgress } from './progress.ts'
import { command, group, instantOption, number, withApp } from './shell.ts'

type Json = { json?: boolean }

const A_DAY = 86_400_000

/** `article import`, `article list`, `article pictures`, `article withdraw`, `article restore`, `article pin`, `article unpin`. */
export function article(program: Command): void {
  const commands = group(program, 'article', 'stories')
  leading(commands)
  command(commands, 'import <file...>', 'JSON Lines, one article each, or a WordPress export (- reads standard input)')
    .option('--dry-run', 'say what it would come to, and change nothing')
    .action((files: string[], options: Json & { dryRun?: boolean }) =>
      withApp(options, async (app, shell) => {
        const sum = await importFiles(app, shell, files, options)
        shell.print(sum)
        if (shell.signal.aborted) throw new Problem(options.dryRun ? 'interrupted-dry' : 'interrupted')
        if (sum.rejectedInAll > 0)
          throw new Problem(options.dryRun ? 'lines-unusable' : 'lines-rejected', {
            n: sum.rejectedInAll,
            line: sum.rejected[0]!.line,
            reason: sum.rejected[0]!.reason,
          })
      }),
    )
  command(commands, 'list', 'the latest, newest first')
    .option('--channel <slug>', 'only what passes this channel', 'all')
    .option('--search <words>', 'only what holds these words, however they are spelled')
    .addOption(number('--limit <n>', 'at most so many').default(50))
    .action((options: Json & { channel: string; search?: string; limit: number }) =>
      withApp(options, async (app, shell) => {
        if (!Number.isInteger(options.limit) || options.limit < 1 || options.limit > 1000)
          throw new Problem('bad-number', { name: '--limit', least: 1, most: 1000 })
        const channel = await channels.find(app.read, options.channel)
        const wanted = {
          filter: channels.filterOf(channel),
          now: instant(app.now()),
          limit: options.limit,
        }
        const stories = await articles.latest(app.read, { ...wanted, ...(options.search && { query: options.search }) })
        shell.print(
          stories.map((story) => ({
            id: story.public_id,
            published_at: moment(story.published_at).toString(),
            language: story.language,
            section: story.section,
            title: story.title,
            guid: story.guid,
            url: links.article(app.config.url, story),
          })),
        )
      }),
    )
  command(commands, 'pictures', 'fetch and keep the pictures that imported stories show from elsewhere').action(
    (options: Json) =>
      withApp(options, async (app, shell) => {
        const progress = openProgress('pictures', options.json === true)
        const { signal } = shell
        const kept = await articles.keepAllPictures(app, 'cli', { signal, onPicture: progress.to })
        progress.end()
        shell.print(kept)
      }),
  )
  command(commands, 'withdraw <guid>', 'take a story back (its guid or its id)')
    .option('--reason <words>', 'what readers are told', '')
    .action((guid: string, options: Json & { reason: string }) =>
      withApp(options, async (app, shell) => {
        const withdrawn = await digests.withdraw(app, 'cli', guid, options.reason)
        shell.print({
          id: withdrawn.public_id,
          guid: withdrawn.guid,
          title: withdrawn.title,
          reason: withdrawn.withdrawn_reason,
        })
      }),
    )
  command(commands, 'restore <guid>', 'give a story that was taken back to readers again (its guid or its id)').action(
    (guid: string, options: Json) =>
      withApp(options, async (app, shell) => {
        const { article, fresh } = await digests.restore(app, 'cli', guid)
        shell.print({ id: article.public_id, guid: article.guid, title: article.title, restored: fresh })
      }),
  )
}

/** `article pin`, `article unpin`: which story leads the front page. */
function leading(commands: Command): void {
  command(commands, 'pin <guid>', 'have a story lead the front page (its guid or its id)')
    .option('--until <moment>', 'a moment with its offset; left out, for a day')
    .action((guid: string, options: Json & { until?: string }) =>
      withApp(options, async (app, shell) => {
        const at = instant(app.now())
        const until = options.until === undefined ? later(at, A_DAY) : instant(instantOption(options.until))
        const { public_id, title } = await articles.called(app.db, guid)
        await app.db.transaction().execute((db) => articles.pin(db, 'cli', public_id, until, at))
        shell.print({ id: public_id, title, until: moment(until).toString() })
      }),
    )
  command(commands, 'unpin', 'let the front page choose its lead itself').action((options: Json) =>
    withApp(options, async (app, shell) => {
      const at = instant(app.now())
      const led = await app.db.transaction().execute(async (db) => {
        const pinned = await articles.pinned(db, at)
        await articles.unpin(db, 'cli', at)
        return pinned
      })
      shell.print({ id: led?.public_id ?? null, title: led?.title ?? null })
    }),
  )
}

import type { Command } from 'commander'
import * as feedHealth from '../feed-health/index.ts'
import * as feedReaders from '../feed-readers.ts'
import { spoken } from '../locale.ts'
import { command, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `channel stats`, `channel health`. */
export function feeds(channel: Command): void {
  command(channel, 'stats [slug]', 'how many readers each feed has had in the last seven days')
    .addHelpText(
      'after',
      '\nHosted readers count as many as they say, every other program once per network; bots, previews and browsers do not count.\nA running server writes down what it saw every 10 seconds: the polls of the last seconds may be missing.',
    )
    .action((slug: string | undefined, options: Json) =>
      withApp(options, async (app, shell) => {
        const stats = await feedReaders.stats(app, slug)
        if (options.json) shell.print(stats)
        else for (const one of stats) shell.print(one)
      }),
    )
  command(channel, 'health [slug]', 'whether the feeds are well; exit code 1 when one is not valid').action(
    (slug: string | undefined, options: Json) =>
      withApp(options, async (app, shell) => {
        const found = await feedHealth.health(app, slug)
        const language = spoken.includes(app.config.language) ? app.config.language : 'en'
        for (const one of found) for (const line of feedHealth.sentences(language, one)) shell.say(line)
        if (options.json) shell.print(found)
        if (found.some(({ valid }) => !valid)) process.exitCode = 1
      }),
  )
}

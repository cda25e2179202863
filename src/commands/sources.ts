import type { Command } from 'commander'
import { instant } from '../../db/instant.ts'
import * as intake from '../intake/index.ts'
import * as sources from '../sources/index.ts'
import { command, group, numeral, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `source add`, `source list`, `source show`, `source poll`. */
export function source(program: Command): void {
  const commands = group(program, 'source', 'other sites that we read')
  command(commands, 'add <url>', 'a feed, or a site whose feed is looked for')
    .option('--language <tag>')
    .option('--hold', 'what it brings waits for review')
    .action((url: string, { json, hold, language }: Json & { hold?: boolean; language?: string }) =>
      withApp({ ...(json && { json }) }, async (app, shell) => {
        const added = await sources.add(app, 'cli', url, {
          ...(language && { language }),
          ...(hold && { intake: 'hold' }),
        })
        shell.print({ id: added.id, url: added.url })
      }),
    )
  command(commands, 'list', 'all of them').action((options: Json) =>
    withApp(options, async (app, shell) => shell.print(await sources.all(app.read))),
  )
  command(commands, 'poll [id]', 'ask what is due, or one')
    .option('--once', 'each source once, also where there is more to fetch')
    .action((id: string | undefined, options: Json) =>
      withApp(options, async (app, shell) => {
        const list =
          id === undefined ? await sources.due(app.db, instant(app.now())) : [await sources.find(app.db, numeral(id))]
        const answers = []
        for (const one of list) {
          const polled = await sources.poll(app, 'cli', one, shell.signal)
          answers.push({ id: one.id, url: one.url, ...polled, items: await intake.stored(app.db, one) })
        }
        shell.print(answers)
      }),
    )
}

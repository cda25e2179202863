import type { Command } from 'commander'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import * as sources from '../sources/index.ts'
import { command, numeral, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `source held`, `source release`, `source refuse`: what waits before it is published. */
export function review(program: Command): void {
  const commands = program.commands.find((one) => one.name() === 'source')!
  command(commands, 'held [id]', 'what waits for review, of one source or of all').action(
    (id: string | undefined, options: Json) =>
      withApp(options, async (app, shell) => {
        const source = id === undefined ? undefined : await sources.find(app.read, numeral(id))
        shell.print(await intake.held(app.read, source?.id))
      }),
  )
  command(commands, 'release <id> [guid...]', 'publish what waits')
    .option('--all', 'all that waits of this source')
    .action((id: string, guids: string[], { json, all }: Json & { all?: boolean }) =>
      withApp({ ...(json && { json }) }, async (app, shell) => {
        const source = await sources.find(app.db, numeral(id))
        if (!all && guids.length === 0) throw new Problem('guid-needed', { source: source.id })
        shell.print(await intake.release(app, 'cli', source, all ? 'all' : guids))
      }),
    )
  command(commands, 'refuse <id> <guid...>', 'let go of what waits; it does not come back').action(
    (id: string, guids: string[], options: Json) =>
      withApp(options, async (app, shell) => {
        const source = await sources.find(app.db, numeral(id))
        shell.print({ refused: await intake.refuse(app, 'cli', source, guids) })
      }),
  )
}

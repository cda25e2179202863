import type { Command } from 'commander'
import { instant } from '../../db/instant.ts'
import * as deliveries from '../deliveries/index.ts'
import { command, group, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `domain list`, `domain resume`. */
export function domain(program: Command): void {
  const commands = group(program, 'domain', 'domains that letters go to and that refuse us')
  command(commands, 'list', 'who refuses us, in its own words, and until when its letters wait').action(
    (options: Json) =>
      withApp(options, async (app, shell) => shell.print(await deliveries.pausedDomains(app.read, instant(app.now())))),
  )
  command(commands, 'resume <domain>', 'send to it again at once').action((typed: string, options: Json) =>
    withApp(options, async (app, shell) => {
      shell.print({ domain: await deliveries.resumeDomain(app, 'cli', typed), resumed: true })
    }),
  )
}

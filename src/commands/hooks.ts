import type { Command } from 'commander'
import * as bounces from '../bounces/index.ts'
import { command, group, withApp } from './shell.ts'

type Json = { json?: boolean }
type AddOptions = Json & { topic?: string; endpoint?: string; key?: string }

/** `hook add`, `hook list`, `hook remove`. */
export function hook(program: Command): void {
  const commands = group(program, 'hook', 'mail providers that report bounces and complaints')
  command(commands, 'add <provider>', 'ses, postmark, sendgrid or mailgun; prints the address to give it')
    .option('--topic <arn>', 'SES: the SNS topic of its notifications (arn:aws:sns:…)')
    .option('--endpoint <url>', "SES: where SNS's certificates are, if not at Amazon's own")
    .option('--key <key>', 'SendGrid: its verification key; Mailgun: its HTTP webhook signing key')
    .action((provider: string, { json, ...options }: AddOptions) =>
      withApp({ json: json === true }, async (app, shell) => {
        shell.print(await bounces.addHook(app, 'cli', { provider, ...options }))
      }),
    )
  command(commands, 'list', 'who may report').action((options: Json) =>
    withApp(options, async (app, shell) => shell.print(await bounces.hooks(app))),
  )
  command(commands, 'remove <provider>', 'no longer listen to one').action((provider: string, options: Json) =>
    withApp(options, async (app, shell) => {
      await bounces.removeHook(app, 'cli', provider)
      shell.print({ provider, removed: true })
    }),
  )
}

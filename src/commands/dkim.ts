import type { Command } from 'commander'
import { moment } from '../../db/instant.ts'
import { email } from '../address.ts'
import type { App } from '../app.ts'
import * as keys from '../dkim/index.ts'
import { duration } from '../duration.ts'
import * as site from '../site.ts'
import { command, group, withApp } from './shell.ts'

type Options = { json?: boolean; domain?: string; selector?: string; in?: string }

/** `dkim add`, `dkim show`, `dkim rotate`. */
export function dkim(program: Command): void {
  const commands = group(program, 'dkim', 'the keys that letters are signed with')
  command(commands, 'add', "make a domain's first key, and print the record to publish")
    .option('--domain <domain>', "whose (default: the sender's)")
    .option('--selector <name>', 'its name in DNS (default: the month, like n202611)')
    .action((options: Options) => made(options, keys.add))
  command(commands, 'rotate', 'make the next one; the old record stays published for what is under way')
    .option('--domain <domain>', "whose (default: the sender's)")
    .option('--selector <name>', 'its name in DNS')
    .option('--in <duration>', 'sign with it only after this time, so that its record is known by then', '24h')
    .action((options: Options) => made(options, keys.rotate))
  command(commands, 'show', 'the records to publish, the latest first').action((options: Options) =>
    withApp(options, async (app, shell) => shell.print((await keys.all(app.read)).map(shown))),
  )
}

function made(options: Options, make: typeof keys.add): Promise<void> {
  return withApp(options, async (app, shell) => {
    const domain = await domainOf(app, options.domain)
    const after = !options.in || options.in === '0' ? 0 : duration(options.in)
    shell.print(
      shown(await make(app, 'cli', { domain, after, ...(options.selector && { selector: options.selector }) })),
    )
  })
}

/** A domain as an address would have it. */
async function domainOf(app: App, asked: string | undefined): Promise<string> {
  const address = asked ? email(`test@${asked}`) : site.sender(app, await site.show(app, app.db)).address
  return address.slice(address.lastIndexOf('@') + 1)
}

function shown(key: keys.DkimKey) {
  const { name, text, zone } = keys.record(key)
  return {
    ...{ domain: key.domain, selector: key.selector, signs: moment(key.signs_at).toString() },
    ...{ type: 'TXT', name, value: text, zone },
  }
}

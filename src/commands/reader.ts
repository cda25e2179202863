import type { Command } from 'commander'
import { instant, moment } from '../../db/instant.ts'
import { addressHash, email, masked } from '../address.ts'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import * as explaining from '../explaining.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import { command, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `subscriber show|export|erase`. */
export function reader(commands: Command): void {
  command(
    commands,
    'show <address>',
    'what we know, what happened, and why each of the latest editions came or did not',
  ).action((address: string, options: Json) =>
    withApp(options, async (app, shell) => {
      const shown = await known(app, address)
      const events = await subscribers.timeline(app.read, addressHash(email(address)))
      const why = await digests.why(app.read, address, instant(app.now()))
      if (options.json) {
        const timeline = events.map((event) => ({ ...event, at: moment(event.at).toString() }))
        shell.print({ ...(shown ?? { address: null, known: false }), timeline, why })
        return
      }
      const { language } = shell.config
      const { zone } = await app.read.selectFrom('site').select('zone').executeTakeFirstOrThrow()
      if (shown) shell.print(explaining.reader(language, shown))
      else shell.print(explaining.unknown(language, masked(address)))
      for (const line of explaining.events(language, events, zone)) shell.print(line)
      for (const line of explaining.answers(language, why, zone)) shell.print(line)
    }),
  )
  command(commands, 'export <address>', 'all that we hold of this person, as JSON on standard output').action(
    (address: string, options: Json) =>
      withApp(options, async (app) => {
        const hash = addressHash(email(address))
        const data = await subscribers.dataOf(app.read, hash)
        if (data.created_at === null && data.suppression === null && data.consents.length === 0)
          throw new Problem('subscriber-not-found', { value: masked(address) })
        process.stdout.write(`${JSON.stringify(data, null, options.json ? 0 : 2)}\n`)
      }),
  )
  command(
    commands,
    'erase <address>',
    'forget this person; only a hash stays, so that nobody writes there again',
  ).action((address: string, options: Json) =>
    withApp(options, async (app, shell) => {
      await subscribers.erase(app, 'cli', address)
      shell.print({ erased: true })
    }),
  )
}

/** What we know of an address; undefined where we know nothing. */
async function known(app: App, address: string) {
  try {
    return await subscribers.show(app.read, address)
  } catch (error) {
    if (error instanceof Problem && error.code === 'subscriber-not-found') return undefined
    throw error
  }
}

import type { Command } from 'commander'
import { instant, moment } from '../../db/instant.ts'
import * as digests from '../digests/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { reader } from './reader.ts'
import { command, group, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `subscriber show|export|erase|hour`. */
export function oneReader(program: Command): void {
  const commands = group(program, 'subscriber', 'one reader')
  reader(commands)
  hour(commands)
}

type HourOptions = Json & { list: string; at?: string; zone?: string; weekdays?: string; pausedUntil?: string }

function hour(commands: Command): void {
  command(commands, 'hour <address>', 'when letters come to a reader; «digest» takes back what was asked for')
    .requiredOption('--list <slug>', 'on this list')
    .option('--at <hh:mm>', 'the hour')
    .option('--zone <zone>', 'where that hour is')
    .option('--weekdays <days>', 'daily, or some of mon,tue,wed,thu,fri,sat,sun')
    .option('--paused-until <day>', 'none before this day (yyyy-mm-dd); «no» ends a pause')
    .action((address: string, options: HourOptions) =>
      withApp(options, async (app, shell) => {
        const id = await subscribers.findSubscription(app.db, options.list, address)
        await digests.prefer(app, 'cli', id, wishOf(options))
        const { state, on, zone, at, words } = await digests.coming(
          app.db,
          id,
          instant(app.now()),
          shell.config.language,
        )
        shell.print({ state, on, at: at && moment(at).toString(), zone, words })
      }),
    )
}

function wishOf({ at, zone, weekdays, pausedUntil }: HourOptions): subscribers.Wish {
  const own = (value: string) => (value === 'digest' ? null : value)
  return {
    ...(at !== undefined && { at: own(at) }),
    ...(zone !== undefined && { zone: own(zone) }),
    ...(weekdays !== undefined && { weekdays: weekdays === 'digest' ? null : subscribers.weekdayBits(weekdays) }),
    ...(pausedUntil !== undefined && { pausedUntil: pausedUntil === 'no' ? null : pausedUntil }),
  }
}

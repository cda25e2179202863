import type { Command } from 'commander'
import * as keeping from '../retention.ts'
import { command, group, withApp } from './shell.ts'

type Options = keeping.Wish & { json?: boolean }

/** `retention set`, `retention show`. */
export function retention(program: Command): void {
  const commands = group(program, 'retention', 'how long things are kept')
  command(commands, 'set', 'keep them for longer, or less long; what is older goes at night')
    .option('--letters <days>', `who got which letter and what came back: ${bounds('letters')}`)
    .option('--trail <days>', `the trail of changes: ${bounds('trail')}`)
    .option('--imports <days>', `what an import changed, until when it can be undone: ${bounds('imports')}`)
    .option('--files <days>', `files that were brought to be imported: ${bounds('files')}`)
    .option('--sessions <days>', `who is signed in, at most: ${bounds('sessions')}`)
    .option('--backups <number>', `the backups of so many nights: ${bounds('backups')}`)
    .action((options: Options) =>
      withApp(options, async (app, shell) => {
        const { json: _, ...wish } = options
        shell.print(told(await keeping.set(app, 'cli', wish)))
      }),
    )
  command(commands, 'show', 'print it').action((options: { json?: boolean }) =>
    withApp(options, async (app, shell) => shell.print(told(await keeping.show(app, app.read)))),
  )
}

function bounds(kind: keeping.Kind): string {
  const { least, most } = keeping.KEPT[kind]
  return `${least} to ${most}${keeping.endless(kind) ? `, or ${keeping.EVER}` : ''}`
}

const SAID = { environment: 'NASHRA_KEEP', site: 'set', usual: 'as usual' }

function told(all: Record<keeping.Kind, keeping.Keeping>) {
  return keeping.KINDS.map((kind) => {
    const { days, said } = all[kind]
    return { kind, [kind === 'backups' ? 'nights' : 'days']: days ?? keeping.EVER, from: SAID[said] }
  })
}

import type { Command } from 'commander'
import * as backups from '../backups/index.ts'
import { readConfig } from '../config.ts'
import { command, openShell, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `backup`, `restore`. */
export function keeping(program: Command): void {
  command(program, 'backup <file>', 'database, key ring and images in one file: .tar, .tar.gz or .tar.zst')
    .option('--no-media', 'leave out the images')
    .action((file: string, options: Json & { media: boolean }) =>
      withApp(options, async (app, shell) => shell.print(await backups.make(app, file, { media: options.media }))),
    )
  command(program, 'restore <file>', 'put a backup in place; nothing is sent until doctor --adopt')
    .option('--over', 'also where a database is: it is set aside first')
    .action(async (file: string, options: Json & { over?: boolean }) => {
      const config = readConfig()
      const shell = openShell(config, options.json === true)
      const over = options.over === true
      const restored = await backups.restore(config, file, { over, now: Temporal.Now.instant() })
      shell.print({ restored: true, ...restored })
      shell.say('Nothing is sent until you have checked that nothing else sends for this paper: nashra doctor --adopt')
    })
}

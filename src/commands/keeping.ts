import type { Command } from 'commander'
import { type Adopted, adopt } from '../adopting.ts'
import * as backups from '../backups/index.ts'
import { readConfig } from '../config.ts'
import * as doctor from '../doctor/index.ts'
import { command, openShell, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `backup`, `restore`, `doctor`. */
export function keeping(program: Command): void {
  command(program, 'backup <file>', 'database, key ring and images in one file: .tar, .tar.gz or .tar.zst').action(
    (file: string, options: Json) => withApp(options, async (app, shell) => shell.print(await backups.make(app, file))),
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
  command(program, 'doctor', 'what is amiss, and how to mend it; exit code 1 when something fails')
    .option('--adopt', 'let a restored or copied database send: nothing else sends for this paper any more')
    .option('--nothing-sent', 'with --adopt: I know that nothing has gone out since the backup was made')
    .action((options: Json & { adopt?: boolean; nothingSent?: boolean }) =>
      withApp(options, async (app, shell) => {
        if (options.nothingSent && !options.adopt) program.error('error: --nothing-sent goes with --adopt')
        const adopted = options.adopt
          ? await adopt(app, 'cli', { nothingSent: options.nothingSent === true })
          : undefined
        if (adopted) for (const line of told(adopted)) shell.say(line)
        const findings: doctor.Finding[] = []
        for await (const finding of doctor.examine(app)) {
          findings.push(finding)
          shell.say(`${MARKS[finding.state]} ${finding.check}: ${finding.says}`)
          if (finding.todo) shell.say(`       ${finding.todo}`)
        }
        const healthy = findings.every(({ state }) => state !== 'fail')
        if (options.json) shell.print({ ok: healthy, ...(adopted && { adoption: adopted }), findings })
        if (!healthy && !options.adopt) process.exitCode = 1
      }),
    )
}

const MARKS = { ok: 'ok    ', warn: 'warn  ', fail: 'FAIL  ' }

/** What adopting did, in sentences. */
function told({ adopted, proof, left, waiting, givenUp, told }: Adopted): string[] {
  if (!adopted) return ['Nothing was held: this database sends already.']
  const known = {
    'left.log': 'left.log tells what went out since the backup was made.',
    word: 'Taken at your word: nothing went out since the backup was made.',
    none: 'Nothing here tells what went out since the backup was made, so that nobody gets a letter twice all that waited counts as sent.',
  }
  return [
    'This database sends from now on.',
    known[proof],
    `${left} had left since and are out again; ${givenUp} letters are given up, ${waiting} wait to be sent; in ${told} digests what was published until then counts as told.`,
  ]
}

import type { Command } from 'commander'
import { type Adopted, adopt, type Proof } from '../adopting.ts'
import type { App } from '../app.ts'
import * as backups from '../backups/index.ts'
import { readConfig } from '../config.ts'
import * as doctor from '../doctor/index.ts'
import * as ring from '../ring.ts'
import { command, openShell, type Shell, withApp } from './shell.ts'

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
    .option('--nothing-sent', 'with --adopt: I know that nothing has gone out since the backup or the copy was made')
    .option('--logs-complete', 'with --adopt: I know that the logs here go on to the last letter of every machine')
    .option('--new-keys', 'with --adopt: the key ring is lost for good; links in letters that are out die')
    .action(async (options: Doctoring) => {
      const words = [options.nothingSent && '--nothing-sent', options.logsComplete && '--logs-complete']
      const [word] = [...words, options.newKeys && '--new-keys'].filter(Boolean)
      if (word && !options.adopt) program.error(`error: ${word} goes with --adopt`)
      if (words.every(Boolean)) program.error('error: --nothing-sent and --logs-complete exclude each other')
      await withApp(options, (app, shell) => examine(app, shell, options))
    })
}

type Doctoring = Json & { adopt?: boolean; nothingSent?: boolean; logsComplete?: boolean; newKeys?: boolean }

async function examine(app: App, shell: Shell, options: Doctoring): Promise<void> {
  const { nothingSent = false, logsComplete = false } = options
  if (options.newKeys) await ring.noteNew(app, 'cli')
  const adopted = options.adopt ? await adopt(app, 'cli', { nothingSent, logsComplete }) : undefined
  if (options.newKeys)
    shell.say(
      'There are new keys: links in letters that are out, hooks and DKIM keys made before are worth nothing now.',
    )
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
}

const MARKS = { ok: 'ok    ', warn: 'warn  ', fail: 'FAIL  ' }

const LOST = 'so that nobody gets a letter twice, all that could have gone out counts as sent.'
const PROOFS: Record<Proof, string> = {
  'left.log': 'left.log lies in its own place and tells what went out since the backup was made.',
  logs: 'Taken at your word: the logs here tell all that went out since the backup was made.',
  word: 'Taken at your word: nothing went out since the backup or the copy was made.',
  none: `No log here goes on from where this database stood; ${LOST}`,
  copy: `The left.log here is a copy, and a copy does not know what went out after it was made; ${LOST}`,
  others: `Other machines or folders may have sent, and their logs do not prove here what they sent; ${LOST}`,
}

/** What adopting did, in sentences. */
function told({ adopted, proof, left, waiting, givenUp, told }: Adopted): string[] {
  if (!adopted) return ['Nothing was held: this database sends already.']
  return [
    'This database sends from now on.',
    PROOFS[proof],
    `${left} had left since and are out again; ${givenUp} letters are given up, ${waiting} wait to be sent; in ${told} digests what was published until then counts as told.`,
  ]
}

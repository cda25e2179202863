import { closeSync, existsSync, openSync, readdirSync, writeSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { type Command, Option } from 'commander'
import { Problem } from '../problem.ts'
import { rowWriter, type TableFile, tablesOf } from '../spreadsheets/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { beThrifty } from '../thrift.ts'
import { openProgress } from './progress.ts'
import { command, group, openInput, several, untilStopped, withApp } from './shell.ts'

type Options = {
  json?: boolean
  list: string
  dryRun?: boolean
  map?: string[]
  from?: subscribers.Origin
  charset?: string
  delimiter?: string
  rejects?: string
}

/** `subscribers import`, and `import list|undo` for what was imported. */
export function bringing(program: Command, readers: Command): void {
  command(readers, 'import <file...>', 'readers who agreed before: CSV or TSV of any shape, or a ZIP of them')
    .requiredOption('--list <slug>', 'the list they are on')
    .option('--dry-run', 'read and judge everything, change nothing')
    .option('--map <field=column>', 'where a field stands, by heading or number; - for nowhere; several times', several)
    .addOption(
      new Option('--from <program>', 'where the files come from, if they do not say').choices([...subscribers.ORIGINS]),
    )
    .option('--charset <name>', 'how the file is written, if it is misread')
    .option('--delimiter <sign>', 'what parts the cells, if it is misread; tab for a tabulator')
    .option('--rejects <file>', 'write a CSV of what was not taken in: file, line, verdict, value, reason')
    .action((files: string[], options: Options) =>
      withApp(options, async (app, shell) => {
        stepBack()
        const declared = (await subscribers.fields(app.read)).map(({ name }) => name)
        const inputs = (await Promise.all(files.map(tables))).flat() // all of them readable before the first is read
        const rejects = options.rejects === undefined ? undefined : openRejects(options.rejects)
        const progress = openProgress('import', options.json === true)
        try {
          const done = await subscribers.importFiles(
            app,
            'cli',
            inputs.map((input) => stoppable(input, shell.signal)),
            {
              list: options.list,
              dryRun: options.dryRun === true,
              map: subscribers.readMapping(options.map ?? [], declared),
              ...(options.from && { from: options.from }),
              ...(options.charset && { charset: options.charset }),
              ...(options.delimiter && { delimiter: options.delimiter === 'tab' ? '\t' : options.delimiter }),
              ...(rejects && { onRefused: rejects.write }),
              onProgress: progress.to,
              signal: shell.signal,
            },
          )
          progress.end()
          shell.print(done)
          if (shell.signal.aborted) throw new Problem('interrupted')
          if (done.refused) process.exitCode = 1
        } finally {
          progress.end()
          rejects?.close()
        }
      }),
    )
  const commands = group(program, 'import', 'what was imported, to be looked at and taken back')
  command(commands, 'list', 'the latest, and until when each can be undone').action((options: { json?: boolean }) =>
    withApp(options, async (app, shell) => {
      const all = await subscribers.imports(app)
      shell.print(
        options.json ? all : all.map(({ files, ...one }) => ({ ...one, files: files.map(({ file }) => file) })),
      )
    }),
  )
  command(
    commands,
    'undo <id>',
    'take one back, within 30 days: who acted for themselves since stay as they are',
  ).action((id: string, options: { json?: boolean }) =>
    withApp(options, async (app, shell) => shell.print(await subscribers.undoImport(app, 'cli', Number(id)))),
  )
}

/** Small, and behind whoever reads pages or is sent letters on this machine. */
function stepBack(): void {
  beThrifty()
  for (const thread of threads()) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL)
}

/** Of this process: on Linux each has a priority of its own, and those that clear up its memory are there already. */
function threads(): number[] {
  const folder = '/proc/self/task'
  return existsSync(folder) ? readdirSync(folder).map(Number) : [process.pid]
}

async function tables(file: string): Promise<TableFile[]> {
  if (file !== '-') return tablesOf(file)
  const bytes = await openInput(file)
  return [{ name: '-', open: async () => bytes }]
}

function stoppable(input: TableFile, signal: AbortSignal): TableFile {
  return { ...input, open: async () => untilStopped(await input.open(), signal) }
}

/** A file of its owner's alone: it holds addresses. One that is there is never written over. */
function openRejects(file: string): { write(refused: subscribers.Refused): void; close(): void } {
  const line = rowWriter()
  let handle: number
  try {
    handle = openSync(file, 'wx', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new Problem('file-exists', { file })
    throw new Problem('file-unreadable', { file, reason: message.replace(/, \w+ '.*$/, '') }, { cause: error })
  }
  writeSync(handle, line(['file', 'line', 'verdict', 'value', 'reason']))
  return {
    write: ({ file, line: at, verdict, value, reason }) =>
      void writeSync(handle, line([file, String(at), verdict, value, reason])),
    close: () => closeSync(handle),
  }
}

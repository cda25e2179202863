import { constants, existsSync } from 'node:fs'
import { copyFile, link, mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileIdentity } from '../../db/file-identity.ts'
import { openDatabase } from '../../db/open.ts'
import { aloneWith, lookInto } from '../../db/sqlite.ts'
import { factsOf } from '../../db/sqlite-files.ts'
import type { Config } from '../config.ts'
import * as home from '../home.ts'
import { syncFolder } from '../journal.ts'
import { Problem } from '../problem.ts'
import { hold } from './held.ts'
import { DATABASE } from './manifest.ts'
import { moveFile, type Ready, type Source } from './source.ts'

/** A Problem if somebody uses the file, or if it holds what must not be lost by mistake; one that cannot be read may. */
export async function refuse({ database: file }: Config, over: boolean): Promise<void> {
  if (!existsSync(file)) return
  if (!aloneWith(file)) throw new Problem('database-in-use', { name: file })
  if (over) return
  const facts = await factsOf(file, false).catch(() => undefined)
  const { article = 0, subscriber = 0 } = facts?.counts ?? { article: 1 }
  if (article + subscriber > 0) throw new Problem('restore-occupied', { name: file })
}

/** Prepares the database where it was unpacked: it is put in its place in one step, held from its first moment there. */
export async function ready(config: Config, source: Source, now: Temporal.Instant): Promise<Ready> {
  const file = config.database
  const fresh = join(source.folder, DATABASE.sqlite)
  const database = openDatabase(fresh)
  const before = await wordOf(file, source)
  const left = await hold(database, config, source, { now, before }).finally(database.close)
  if (!aloneWith(fresh)) throw new Error('the restored database is still open') // else its last changes stay in the log
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  return {
    async swap() {
      const aside = await setAside(file, source.stamp)
      await moveFile(fresh, file)
      return aside
    },
    hold: async () => left,
  }
}

async function wordOf(file: string, { since }: Source): Promise<home.LastWord | undefined> {
  if (!existsSync(file)) return undefined
  return lookInto(file, (db) => home.lastWord(db, since, fileIdentity(file)!)).catch(() => undefined)
}

/**
 * Gives what is there a second name; the first is its own until the other file takes it, so that whoever dies in between leaves
 * a database. With the write-ahead log, where one is left: a damaged database keeps it.
 */
async function setAside(file: string, stamp: string): Promise<string[]> {
  if (!existsSync(file)) return []
  const aside = `${file}.before-${stamp}`
  await link(file, aside).catch(async (error: NodeJS.ErrnoException) => {
    const isOurs = error.code === 'EEXIST' && fileIdentity(aside) === fileIdentity(file) // of a restore that was killed
    if (isOurs) return
    if (!/^(EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP)$/.test(error.code ?? '')) throw error
    await copyFile(file, aside, constants.COPYFILE_EXCL) // a file system without links
  })
  for (const end of ['-wal', '-shm']) if (existsSync(`${file}${end}`)) await rename(`${file}${end}`, `${aside}${end}`)
  await syncFolder(dirname(file))
  return [aside]
}

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { instant } from '../../db/instant.ts'
import { unknown } from '../../db/open.ts'
import { type Facts, factsOf } from '../../db/sqlite-files.ts'
import type { Config } from '../config.ts'
import { replaceFile, syncFolder } from '../journal.ts'
import { Problem } from '../problem.ts'
import { DATABASE, LEFT, type Manifest, SECRET } from './manifest.ts'
import * as postgres from './restore-postgres.ts'
import * as sqlite from './restore-sqlite.ts'
import { moveFile, type Source } from './source.ts'
import { damaged } from './tar.ts'
import { unpack } from './unpack.ts'

/** What a restore did. `aside` names what stood there before; `left` who has left since, and is out again. */
export type Restored = {
  made_at: string
  counts: Facts['counts']
  keys: 'restored' | 'same' | 'replaced'
  media: number
  left: number
  aside: string[]
  held: true
}

export type Options = { over: boolean; now: Temporal.Instant }

/**
 * Puts a backup in the place that the configuration names. Nothing is changed before the whole file has been read and found
 * right, and what stood there is set aside, never deleted. The database that comes up sends nothing until it is adopted.
 */
export async function restore(config: Config, file: string, { over, now }: Options): Promise<Restored> {
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  for (const name of await readdir(config.data))
    if (name.startsWith('.restore-')) await rm(join(config.data, name), { recursive: true }) // one that was killed
  const folder = await mkdtemp(join(config.data, '.restore-'))
  try {
    const manifest = await unpack(file, folder)
    await check(config, file, manifest, folder)
    const since = instant(Temporal.Instant.from(manifest.made_at))
    const stamp = now.toString({ smallestUnit: 'millisecond' }).replace(/[^0-9TZ]/g, '')
    const source = { manifest, folder, since, stamp }
    const place = manifest.kind === 'sqlite' ? sqlite : postgres
    await place.refuse(config, over)
    await keepLog(config, source)
    const media = await restoreMedia(config, folder)
    const database = await place.ready(config, source, now)
    const keys = await restoreKeys(config, source)
    const aside = await database.swap().catch(async (error) => {
      await keys.undo() // the database that is there goes with the ring that was
      throw error
    })
    const left = await database.hold()
    return {
      ...{ made_at: manifest.made_at, counts: manifest.counts, keys: keys.what, media, left },
      ...{ aside: [...aside, ...keys.aside], held: true },
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (/^(ENOSPC|EDQUOT|SQLITE_FULL)$/.test(code ?? ''))
      throw new Problem('no-room', { folder: config.data, reason: message }, { cause: error })
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether this program, with this configuration, can take the backup. */
async function check(config: Config, file: string, manifest: Manifest, folder: string): Promise<void> {
  const kind = /^postgres(ql)?:/.test(config.database) ? 'postgres' : 'sqlite'
  if (kind !== manifest.kind) throw new Problem('restore-other-kind', { kind: manifest.kind })
  const [newer] = unknown(manifest.migrations)
  if (newer) throw new Problem('database-newer', { name: file, migration: newer })
  if (!existsSync(join(folder, DATABASE[kind])) || !existsSync(join(folder, SECRET)))
    throw damaged(file, 'a part is missing')
  if (kind === 'postgres') return
  const facts = await factsOf(join(folder, DATABASE.sqlite), true).catch((error) => ({
    check: String(error),
    counts: {},
  }))
  if (facts.check !== 'ok') throw damaged(file, `the database in it: ${facts.check.slice(0, 100)}`)
}

type Placed = { what: Restored['keys']; aside: string[]; undo(): Promise<void> }

/** The key ring of the backup; another one that is here is kept beside it. */
async function restoreKeys({ secretFile }: Config, { folder, stamp }: Source): Promise<Placed> {
  const ring = await readFile(join(folder, SECRET))
  const here = await readFile(secretFile).catch(() => undefined)
  if (here?.equals(ring)) return { what: 'same', aside: [], undo: async () => {} }
  const aside = `${secretFile}.before-${stamp}`
  if (here) await replaceFile(aside, here)
  await replaceFile(secretFile, ring)
  return {
    what: here ? 'replaced' : 'restored',
    aside: here ? [aside] : [],
    undo: () => (here ? moveFile(aside, secretFile) : rm(secretFile)),
  }
}

/** What only the backup knows of leavings lies beside the log here: that one stays as it is, or it would prove nothing any more. */
async function keepLog({ data }: Config, { folder, stamp }: Source): Promise<void> {
  const saved = await readFile(join(folder, LEFT), 'utf8').catch(() => '')
  const here = await readFile(join(data, LEFT), 'utf8').catch(() => '')
  const known = new Set(here.split('\n'))
  const missing = saved.split('\n').filter((line) => line && !known.has(line))
  if (missing.length > 0) await replaceFile(join(data, `left-backup-${stamp}.log`), `${missing.join('\n')}\n`)
}

/** The images that are not here yet. Answers how many. */
async function restoreMedia({ media }: Config, folder: string): Promise<number> {
  const names = await readdir(join(folder, 'media')).catch(() => [])
  if (names.length === 0) return 0
  await mkdir(media, { recursive: true, mode: 0o700 })
  let n = 0
  for (const name of names) {
    if (existsSync(join(media, name))) continue
    await moveFile(join(folder, 'media', name), join(media, name))
    n++
  }
  await syncFolder(media)
  return n
}

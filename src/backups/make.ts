import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { instant } from '../../db/instant.ts'
import { copySqlite, type Facts, factsOf } from '../../db/sqlite-files.ts'
import manifestOfProgram from '../../package.json' with { type: 'json' }
import type { App } from '../app.ts'
import { publicId } from '../ids.ts'
import * as leftLog from '../left-log.ts'
import { Problem } from '../problem.ts'
import { DATABASE, LEFT, MANIFEST, type Manifest, MEDIA, SECRET } from './manifest.ts'
import { besides, openPack, type Pack, packed } from './pack.ts'
import { dump } from './postgres.ts'

/** How far a backup is: of the pictures so many; `closing` is when it is written out. */
export type Step = { part: 'database' | 'closing' } | { part: 'pictures'; done: number; total: number }

type Wish = { media?: boolean; told?: (step: Step) => void }

/** What a backup holds; `bytes` is its size. */
export type Made = { file: string; bytes: number; made_at: string; counts: Facts['counts']; media: number }

/**
 * Saves database, key ring, images and left.log in one file (a tar, compressed where its name ends in .gz, .tgz or .zst),
 * while everything goes on. It is there whole or not at all; one that has the name already stays until then.
 */
export async function make(
  app: Pick<App, 'config' | 'database' | 'log' | 'now'>,
  name: string,
  { media = true, told = () => {} }: Wish = {},
): Promise<Made> {
  const file = resolve(name)
  try {
    return await write(app, file, { media, told })
  } catch (error) {
    throw unwritable(file, error)
  }
}

async function write(app: Parameters<typeof make>[0], file: string, wish: Required<Wish>): Promise<Made> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const pack = await openPack(file, app.now().epochMilliseconds)
  const copy = besides(file, 'copy')
  try {
    const at = instant(app.now()) // before the copy: what is written down from now on may be missing in it
    const { kind } = app.database
    wish.told({ part: 'database' })
    const { counts, migrations } = await snapshot(app, copy, packed(file))
    await pack.addFile(DATABASE[kind], copy)
    await rm(copy, { force: true })
    await pack.addFile(SECRET, app.config.secretFile)
    const left = join(app.config.data, LEFT)
    if (existsSync(left)) await pack.addFile(LEFT, left)
    const media = wish.media ? await addMedia(pack, app.config.media, wish.told) : 0
    wish.told({ part: 'closing' })
    const manifest: Manifest = {
      ...{ format: 1, backup: publicId(), nashra: manifestOfProgram.version, made_at: new Date(at).toISOString() },
      ...{ url: app.config.url, kind, migrations, counts, files: pack.files },
    }
    await pack.add(MANIFEST, Buffer.from(JSON.stringify(manifest, undefined, 1)))
    const bytes = await pack.finish()
    await leftLog.noteSaved(app, at, manifest.backup)
    return { file, bytes, made_at: manifest.made_at, counts, media }
  } catch (error) {
    await pack.discard()
    await rm(copy, { force: true })
    throw error
  }
}

/** A copy of the database as of one moment. */
async function snapshot({ config, database }: Parameters<typeof make>[0], to: string, packed: boolean): Promise<Facts> {
  if (database.kind === 'postgres') return dump(database.db, config.database, to, packed)
  await copySqlite(config.database, to)
  return factsOf(to, false)
}

/** The images; each is written once and never changes. */
async function addMedia(pack: Pack, folder: string, told: (step: Step) => void): Promise<number> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => MEDIA.test(`media/${name}`)).sort()
  for (const [done, name] of names.entries()) {
    told({ part: 'pictures', done, total: names.length })
    await pack.addFile(`media/${name}`, join(folder, name))
  }
  return names.length
}

function unwritable(file: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof Problem) return error
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL|EFBIG)$/.test(code ?? ''))
    return new Problem('no-room', { folder: dirname(file), reason: message }, { cause: error })
  if (/^(EACCES|EPERM|ENOENT|EROFS|ENOTDIR|ENAMETOOLONG|EEXIST|EISDIR)$/.test(code ?? ''))
    return new Problem('folder-unwritable', { folder: dirname(file), reason: code! }, { cause: error })
  return error
}

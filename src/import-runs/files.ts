import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { Problem } from '../problem.ts'
import { type TableFile, tablesOf } from '../spreadsheets/index.ts'

/** A file as it was brought: the name it had, its bytes. It lies under its number in the run's folder. */
export type Brought = { name: string; bytes: number }

/** Where a run's files lie; only their owner may look into it. */
export function folderOf({ data }: Pick<Config, 'data'>, run: { public_id: string }): string {
  return join(data, 'imports', run.public_id)
}

/** Where the rows that were not taken in are written, with the reason of each. */
export function rejectsOf(config: Pick<Config, 'data'>, run: { public_id: string }): string {
  return join(folderOf(config, run), 'rejects.csv')
}

/** Moves files into the run's folder; what lay on another disk is copied. */
export async function keepFiles(folder: string, paths: string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [n, path] of paths.entries()) {
    const to = join(folder, String(n))
    await rename(path, to).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error
      await copyFile(path, to)
    })
  }
}

/** Takes all away that lies in the run's folder. */
export async function dropFiles(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** Takes away what was brought: it is in. What was refused, and why, stays to be looked at. */
export async function dropBrought(
  config: Pick<Config, 'data'>,
  run: { public_id: string; files: string },
): Promise<void> {
  const brought: Brought[] = JSON.parse(run.files)
  for (const n of brought.keys()) await rm(join(folderOf(config, run), String(n)), { force: true })
}

/** The tables that a run's files hold, by the names that the files had; a Problem where they are gone or cannot be unpacked. */
export async function filesOf(
  config: Pick<Config, 'data'>,
  run: { public_id: string; files: string },
): Promise<TableFile[]> {
  const brought: Brought[] = JSON.parse(run.files)
  const tables: TableFile[] = []
  for (const [n, { name }] of brought.entries())
    tables.push(...(await tablesIn(join(folderOf(config, run), String(n)), name)))
  return tables
}

async function tablesIn(path: string, name: string): Promise<TableFile[]> {
  try {
    return (await tablesOf(path)).map((table) => (table.name === path ? { ...table, name } : table))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { code } = (error.cause ?? {}) as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new Problem('import-file-gone', { file: name })
    throw new Problem(error.code, { ...error.values, file: name }, { cause: error })
  }
}

import { chmod, copyFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Instant } from '../../db/instant.ts'
import { syncFolder } from '../journal.ts'
import type { Manifest } from './manifest.ts'

/** A checked backup as it lies unpacked in a folder; `stamp` is what things that are set aside are called after. */
export type Source = { manifest: Manifest; folder: string; since: Instant; stamp: string }

/** A database that is ready to take its place. */
export type Ready = {
  /** Puts it there; what stood there is set aside, and named. If that fails, all is as it was. */
  swap(): Promise<string[]>
  /** Sees to it that it is up to date, sends nothing and that everybody has left who has. Answers how many. */
  hold(): Promise<number>
}

/** Renames, also from one file system to another. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    const near = `${to}.part`
    await copyFile(from, near)
    await chmod(near, 0o600)
    await syncFolder(near)
    await rename(near, to)
  }
  await syncFolder(dirname(to))
}

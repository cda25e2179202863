import type { Facts } from '../../db/sqlite-files.ts'
import { foreign } from './tar.ts'

/** The last file in a backup: what it holds, and that it is whole. Instants are ISO 8601. */
export type Manifest = {
  format: 1
  /** This backup's own name, by which left.log knows it. */
  backup: string
  nashra: string
  made_at: string
  url: string
  kind: 'sqlite' | 'postgres'
  migrations: string[]
  counts: Facts['counts']
  files: { name: string; size: number; sha256: string }[]
}

export const MANIFEST = 'manifest.json'
export const DATABASE = { sqlite: 'database.sqlite', postgres: 'database.pgdump' } as const
export const SECRET = 'secret'
export const LEFT = 'left.log'
export const MEDIA = /^media\/[0-9a-f]{24}-\d{1,4}\.(jpg|png|webp)$/

/** Whether a file of this name may stand in a backup. */
export function allowed(name: string): boolean {
  return [MANIFEST, DATABASE.sqlite, DATABASE.postgres, SECRET, LEFT].includes(name) || MEDIA.test(name)
}

/** Reads a manifest; what is none, or a newer kind, is a Problem. */
export function readManifest(file: string, text: string): Manifest {
  try {
    const manifest = JSON.parse(text) as Manifest
    const { format, backup, made_at, kind, migrations, files, counts } = manifest
    if (format !== 1) throw foreign(file, 'it was made by a newer Nashra')
    const sound =
      typeof backup === 'string' &&
      Number.isFinite(Date.parse(made_at)) &&
      kind in DATABASE &&
      Array.isArray(migrations) &&
      Array.isArray(files) &&
      files.every(
        ({ name, size, sha256 }) => allowed(name) && Number.isSafeInteger(size) && /^[0-9a-f]{64}$/.test(sha256),
      ) &&
      typeof counts === 'object'
    if (sound) return manifest
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw foreign(file, 'its manifest cannot be read')
}

import { createHash } from 'node:crypto'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * What tells a file from every copy of it: its number in the file system, the moment it was made there, and the machine. It
 * stays through renames and all that is written into it; where the file system knows no such moment, the path stands for it.
 * Undefined when there is no such file.
 */
export function fileIdentity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!found) return undefined
  const born = found.birthtimeNs > 0n ? String(found.birthtimeNs) : realpathSync(path)
  return createHash('sha256').update(`${machine()} ${found.ino} ${born}`).digest('hex').slice(0, 16)
}

/** This machine, also after its name has changed; containers without an id of their own are told apart by their files alone. */
function machine(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return process.platform === 'linux' ? '' : hostname()
  }
}

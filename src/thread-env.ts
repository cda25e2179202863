import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/**
 * The environment of a thread that reads what strangers wrote: none of ours, but for the folder in which Node keeps what it
 * made of our files. To make it anew costs each such thread 13 MB and twice the time to begin.
 */
export function threadEnvironment(): Record<string, string> {
  const kept = getCompileCacheDir() // in which this version of Node has a folder of its own
  return kept === undefined ? {} : { NODE_COMPILE_CACHE: dirname(kept) }
}

import { parentPort, workerData } from 'node:worker_threads'
import Sqlite from 'better-sqlite3'

/** What a database says of itself: counts by table, its migrations, and what quick_check finds (`ok`). */
export type Facts = { counts: Record<string, number>; migrations: string[]; check: string }

/** `copy` writes a whole, consistent copy of a live database; `facts` reads one that nobody writes to. */
export type Task = { copy: string; to: string } | { facts: string; check: boolean; tables: readonly string[] }

try {
  parentPort!.postMessage({ answer: done(workerData as Task) })
} catch (error) {
  const { message, code } = error as Error & { code?: string }
  parentPort!.postMessage({ failure: { message, code } })
}

function done(task: Task): Facts | undefined {
  return 'copy' in task ? copy(task.copy, task.to) : facts(task)
}

/** One read transaction: whoever writes meanwhile neither waits nor makes it begin anew, as the backup interface would. */
function copy(file: string, to: string): undefined {
  const source = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: 5000 })
  try {
    source.prepare('vacuum into ?').run(to)
  } finally {
    source.close()
  }
}

function facts({ facts: file, check, tables }: Extract<Task, { facts: string }>): Facts {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true })
  try {
    const found = new Set(
      database.prepare("select name from sqlite_schema where type = 'table'").pluck().all() as string[],
    )
    const count = (table: string) => database.prepare(`select count(*) from "${table}"`).pluck().get() as number
    return {
      counts: Object.fromEntries(tables.filter((table) => found.has(table)).map((table) => [table, count(table)])),
      migrations: found.has('kysely_migration')
        ? (database.prepare('select name from kysely_migration order by name').pluck().all() as string[])
        : [],
      check: check ? (database.prepare('pragma quick_check(1)').pluck().get() as string) : 'ok',
    }
  } finally {
    database.close()
  }
}

import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileIdentity } from '../db/file-identity.ts'
import type { Instant } from '../db/instant.ts'
import type { App } from './app.ts'
import { type Journal, openJournal, readJournal } from './journal.ts'

/*
 * left.log: who left and what was begun to be sent, beside the database and before it. When the database is lost, a restored
 * backup reads here whom it must not write to any more, and which of its letters may have gone out since. It holds hashes of
 * addresses, never an address.
 */

/** `left` and `back` are about one list (its slug), `suppressed`, `lifted` and `erased` about the address everywhere. */
export type Leaving = {
  at: Instant
  what: 'left' | 'back' | 'suppressed' | 'lifted' | 'erased'
  hash: string
  list?: string
  reason?: string
}

/** A sender begins with an edition (its public id), which tells these stories (editions.storyKey). */
export type Sending = {
  at: Instant
  what: 'sending'
  sender: string
  edition: string
  digest: number
  stories: string[]
}

/**
 * A backup was made here: what follows in this log happened to the database that it is of. `log` is the identity of the file
 * that this was written into: in a copy it is another one, and a copy does not know what followed.
 */
export type Saved = { at: Instant; what: 'saved'; backup: string; log?: string | undefined }

export type Line = Leaving | Sending | Saved

const NAME = /^left(-[\w.-]+)?\.log$/ // beside our own, copies of other machines' logs

type Writing = Pick<App, 'config' | 'database' | 'log'>

const journals = new WeakMap<App['database'], Journal>()

/**
 * Writes lines down, durably: before the database learns of a leaving, after it learnt of a return. Where that fails the log
 * and the health page say so, and what is to be done is done all the same.
 */
export async function note(app: Writing, ...lines: Line[]): Promise<void> {
  const journal = journalOf(app)
  const healthy = journal.failing === undefined
  try {
    await Promise.all(lines.map((line) => journal.append(line)))
  } catch (error) {
    if (healthy) app.log.error('left.log cannot be written: a backup restored now would not know who left', { error })
  }
}

/**
 * Writes down that a sender begins with an edition, before its first letter. Answers the identity of the log; rejects when it
 * cannot be written, and then nothing may be begun.
 */
export async function announce(app: Writing, line: Sending): Promise<string> {
  await journalOf(app).append(line, 'now')
  return fileIdentity(fileOf(app.config.data)) ?? ''
}

/** Writes down that a backup was made, and in which log. */
export async function noteSaved(app: Writing, at: Instant, backup: string): Promise<void> {
  const file = fileOf(app.config.data)
  await appendFile(file, '', { mode: 0o600 }).catch(() => {}) // what cannot be written is told below
  await note(app, { at, what: 'saved', backup, log: fileIdentity(file) })
}

/** Why left.log lags behind, for the health page; undefined when all is well. */
export function trouble(app: Pick<App, 'database'>): string | undefined {
  return journals.get(app.database)?.failing
}

/** All that the logs in a data folder tell, oldest first. */
export async function known(data: string): Promise<Line[]> {
  const names = (await readdir(data).catch(() => [])).filter((name) => NAME.test(name)).sort()
  const lines = (await Promise.all(names.map((name) => readJournal(join(data, name))))).flat()
  return lines.filter(isLine).sort((a, b) => a.at - b.at)
}

/** The identity of the log that lies in its own place here and goes on after this backup; undefined for a copy, or none. */
export async function goesOnAfter(data: string, backup: string | null): Promise<string | undefined> {
  const own = fileIdentity(fileOf(data))
  const lines = (await readJournal(fileOf(data))).filter(isLine)
  return lines.some((line) => line.what === 'saved' && line.backup === backup && line.log === own) ? own : undefined
}

export function isLeaving(line: Line): line is Leaving {
  return line.what !== 'sending' && line.what !== 'saved'
}

function journalOf(app: Writing): Journal {
  const journal = journals.get(app.database) ?? openJournal(fileOf(app.config.data))
  journals.set(app.database, journal)
  return journal
}

function fileOf(data: string): string {
  return join(data, 'left.log')
}

function isLine(line: unknown): line is Line {
  const { at, what, hash, list, edition, digest, stories, sender, backup } = (line ?? {}) as Record<string, unknown>
  if (!Number.isSafeInteger(at)) return false
  if (what === 'saved') return typeof backup === 'string'
  if (what === 'sending')
    return (
      [edition, sender].every((id) => typeof id === 'string') && Number.isSafeInteger(digest) && Array.isArray(stories)
    )
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return false
  if (what === 'suppressed' || what === 'lifted' || what === 'erased') return true
  return (what === 'left' || what === 'back') && typeof list === 'string' && /^[a-z0-9-]{1,60}$/.test(list)
}

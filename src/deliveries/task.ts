import type { Instant } from '../../db/instant.ts'

/** One letter to one person in the ledger: a delivery of an edition, or a notice. A report has 0 for both its ids. */
export type Task = Key & {
  subscriber_id: number
  subscription_id: number
  state: string
  attempts: number
  due_at: Instant
  doubted_at: Instant | null
  relay_id: number | null
  reply: string | null
  /** The subscriber's public id, for the Message-ID; `report` where it is none. */
  public_id: string
  address: string
}

/** Where its row is, and what is to be rendered. */
export type Key =
  | { table: 'delivery'; edition_id: number; part_id: number; edition_public_id: string }
  | NoticeKey
  | ReportKey
export type NoticeKey = {
  table: 'notice'
  id: number
  kind: 'confirm' | 'welcome' | 'goodbye'
  language: string
  list_id: number
  created_at: Instant
}
export type ReportKey = {
  table: 'notice'
  id: number
  kind: 'report'
  language: string
  report_of: number
  edition_public_id: string
  created_at: Instant
}

/** The states in which a letter is not finished. */
export const OPEN = ['queued', 'deferred', 'uncertain', 'claimed', 'submitting']

/** One name per row of the ledger. */
export function keyOf(task: Task): string {
  return task.table === 'delivery' ? `${task.edition_id}:${task.subscriber_id}` : `n:${task.id}`
}

/** The state in which a letter waits that nobody holds: what may have arrived stays uncertain. */
export function atRest(task: Pick<Task, 'doubted_at' | 'attempts'>): 'uncertain' | 'deferred' | 'queued' {
  if (task.doubted_at !== null) return 'uncertain'
  return task.attempts > 0 ? 'deferred' : 'queued'
}

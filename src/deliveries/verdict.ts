import { type Instant, later } from '../../db/instant.ts'
import type { Answer } from '../mail.ts'
import type { Heard } from './lanes.ts'
import type { Entry } from './ledger.ts'
import type { Task } from './task.ts'

const JITTER = 0.2 // of a pause, so that a thousand deferred letters do not come back in one second
const REPLY = 300

type Told = { answer: Answer; heard?: Heard; relayId: number; now: Instant; pauses: readonly number[] }

/**
 * What the ledger writes for an answer.
 *
 * 4xx spends a try; so does a letter that breaks its line after the dot, but for the first time (it may have been the
 * relay's fault, and is repeated at once). After the last pause a letter is skipped(superseded): its stories come with the
 * next edition. What was not sent stays claimed, for another line; so does what its domain refused for who we are, until it is parked.
 */
export function verdict(task: Task, { answer, heard, relayId, now, pauses }: Told): Entry {
  const { attempts, due_at, doubted_at } = task
  const reply = answer.reply.slice(0, REPLY)
  const same = { task, reason: null, due_at, attempts, submitted_at: null, doubted_at, relay_id: relayId, reply }
  if (heard === 'wait') return { ...same, state: 'claimed' }
  switch (heard === 'later' ? 'deferred' : answer.kind) {
    case 'accepted':
      return { ...same, state: 'submitted', submitted_at: now }
    case 'refused':
      return { ...same, state: 'refused', reason: 'refused' }
    case 'deferred':
      return again({ ...same, state: doubted_at === null ? 'deferred' : 'uncertain' }, now, pauses)
    case 'unknown': {
      const doubted: Entry = { ...same, state: 'uncertain', doubted_at: doubted_at ?? now }
      return doubted_at === null ? doubted : again(doubted, now, pauses)
    }
    case 'trouble':
    case 'unsent':
      return { ...same, state: 'claimed', relay_id: task.relay_id, reply: task.reply }
  }
}

function again(entry: Entry, now: Instant, pauses: readonly number[]): Entry {
  const pause = pauses[entry.attempts]
  const attempts = entry.attempts + 1
  if (pause === undefined) return { ...entry, state: 'skipped', reason: 'superseded', attempts }
  return { ...entry, attempts, due_at: later(now, Math.round(pause * (1 + Math.random() * JITTER))) }
}

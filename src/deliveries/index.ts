/*
 * The ledger of letters: who gets which part of which edition, and what became of it. A delivery is recorded before its
 * first byte and after the relay's final answer, so that none is lost, whatever happens in between; and what may have
 * arrived is submitted again with the same Message-ID.
 *
 * queued → claimed → submitting → submitted, or deferred, refused, skipped(reason), uncertain. Notices (letters to one
 * person) go the same way, before editions.
 */
export { mostlyRefused, refused } from './brake.ts'
export { complained, complainedOf } from './complaints.ts'
export { type Paused, pause as pauseDomain, pausedDomains, resumeDomain } from './domain-pauses.ts'
export { byFate, carried, type Fate, type Fated, fates } from './fates.ts'
export { forgetOld } from './forgetting.ts'
export { editionHeader } from './letter.ts'
export type { Sent } from './line.ts'
export { standsStill } from './parking.ts'
export {
  ask,
  forget,
  giveUp,
  giveUpNotices,
  hasDeferred,
  type NewNotice,
  queue,
  type Recipient,
  reassign,
  skipFor,
  skipGoodbye,
  supersede,
  waitingInAll,
} from './queue.ts'
export { isCounting, type Kept, recount, recountDone, verdicts } from './recount.ts'
export { complaints } from './report.ts'
export { type Sample, submitSamples } from './samples.ts'
export { run, sendUntilEmpty, trouble, wake } from './sending.ts'
export { type Came, type Trial, tryRelays } from './trial.ts'
export { type End, expectedEnd, heldBack, left, nextDue, restsUntil } from './unfinished.ts'
export { type Listed, latest, type Progress, progress, recipients, type Verdict, verify } from './verify.ts'

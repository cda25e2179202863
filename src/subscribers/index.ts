/*
 * Lists and their readers: who may be written to, and how we know. The public face of this folder; only the ledger of
 * letters reaches past it, for `tokens.ts`, because this folder stands on the ledger.
 */
export {
  confirm,
  isTrial,
  leave,
  leaveFor,
  readConfirmation,
  readLeaving,
  type Standing,
  type Subscription,
  trialToken,
} from './deciding.ts'
export { exportCsv, exportJson } from './export.ts'
export {
  findSubscription,
  keepHour,
  minuteOf,
  nextUnplaced,
  notePlaced,
  type OwnHour,
  type Unplaced,
  unplace,
  type Wish,
  wished,
  withOwnHour,
} from './hours.ts'
export { type Imported, importCsv } from './import.ts'
export { agreement, invite, type Request } from './joining.ts'
export { addList, findList, findPublicList, type List, type ListDraft, publicLists } from './lists.ts'
export { replay } from './replay.ts'
export { show } from './show.ts'
export { exportSuppressions, suppress, suppressions } from './suppressions.ts'
export { tokens } from './tokens.ts'

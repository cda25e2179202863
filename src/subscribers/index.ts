/*
 * Lists and their readers: who may be written to, and how we know. The public face of this folder; only the ledger of
 * letters reaches past it, for `tokens.ts`, because this folder stands on the ledger.
 */

export { about, type Condition, joined, listed, speaks } from './conditions.ts'
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
export { erase, eraseHash } from './erasing.ts'
export { exportCsv, exportJson } from './export.ts'
export { addField, type Field, type FieldDraft, fields, fieldsWith } from './fields.ts'
export { type Found, find, type State, type Wanted } from './finding.ts'
export { type Imported, importCsv } from './import.ts'
export { agreement, invite, type Request } from './joining.ts'
export { addList, findList, findPublicList, type List, type ListDraft, publicLists } from './lists.ts'
export { learnNames } from './names.ts'
export { dataOf, type OwnData } from './own-data.ts'
export { replay } from './replay.ts'
export { show } from './show.ts'
export { stretches } from './stretches.ts'
export { exportSuppressions, suppress, suppressions } from './suppressions.ts'
export { type Event, timeline } from './timeline.ts'
export { tokens } from './tokens.ts'

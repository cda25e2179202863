/*
 * Lists and their readers: who may be written to, and how we know. The public face of this folder; only the ledger of
 * letters reaches past it, for `tokens.ts`, because this folder stands on the ledger.
 */

export { isMendable } from './bars.ts'
export { about, bounded, type Condition, joined, speaks } from './conditions.ts'
export { activeOn, type Bounded } from './counting.ts'
export {
  canUndo,
  confirm,
  isTrial,
  leave,
  leaveAll,
  leaveBy,
  leaveFor,
  readConfirmation,
  readLeaving,
  trialToken,
  undo,
} from './deciding.ts'
export { erase, eraseHash } from './erasing.ts'
export { exportCsv, exportJson } from './export.ts'
export { addField, type Field, type FieldDraft, fields, fieldsWith } from './fields.ts'
export { type Found, find, type State, type Wanted } from './finding.ts'
export {
  findSubscription,
  homeOfList,
  keepHour,
  minuteOf,
  nextUnplaced,
  notePlaced,
  type OwnHour,
  timeOf,
  type Unplaced,
  unplace,
  type Wish,
  weekdayBits,
  weekdayNames,
  withOwnHour,
} from './hours.ts'
export { atDesk, importCsv, importFiles, type Options as ImportOptions } from './import.ts'
export { forgetImports, type ImportShown, imports, mayUndo } from './imports.ts'
export { agreement, invite, type Request, takeIn } from './joining.ts'
export { type Mapping, ORIGINS, type Origin, readMapping } from './layout.ts'
export {
  addList,
  allLists,
  findList,
  findPublicList,
  type List,
  type ListChange,
  type ListDraft,
  publicLists,
  setList,
} from './lists.ts'
export { type Counted, type Movement, movement } from './movement.ts'
export { learnNames } from './names.ts'
export { type OneReader, oneReader } from './one.ts'
export type { Imported, Refused } from './outcome.ts'
export { dataOf, type OwnData } from './own-data.ts'
export { lettersOf, type OwnWords, removeLetter, setLetter } from './own-words.ts'
export { chooseLists, type Preferences, prefer, readPreferences } from './preferring.ts'
export { replay } from './replay.ts'
export { type Sample, sample } from './sampling.ts'
export { show } from './show.ts'
export { LEAVABLE, type Standing, type Subscription } from './standing.ts'
export { stretches } from './stretches.ts'
export { suppressed } from './suppressed.ts'
export { exportSuppressions, lift, suppress, suppressions } from './suppressions.ts'
export { type Event, timeline } from './timeline.ts'
export { tokens } from './tokens.ts'
export { type Undone, undoImport } from './undoing.ts'
export { FORMATS, readableWishes, readWishes, type Typed, type Wishes, wishesOf } from './wishes.ts'

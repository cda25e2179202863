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
export { importCsv, importFiles, type Options as ImportOptions } from './import.ts'
export { forgetImports, type ImportShown, imports } from './imports.ts'
export { agreement, invite, type Request } from './joining.ts'
export { ORIGINS, type Origin, readMapping } from './layout.ts'
export { addList, findList, findPublicList, type List, type ListDraft, publicLists } from './lists.ts'
export type { Imported, Refused } from './outcome.ts'
export { replay } from './replay.ts'
export { show } from './show.ts'
export { exportSuppressions, lift, suppress, suppressions } from './suppressions.ts'
export { tokens } from './tokens.ts'
export { type Undone, undoImport } from './undoing.ts'

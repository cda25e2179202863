/* Files that are brought to the desk: kept, looked at, tried, taken in, beside the pages. Owns import_run; the public face of this folder. */
export { filesOf, rejectsOf } from './files.ts'
export {
  all,
  byPublicId,
  type Choices,
  choicesOf,
  forget,
  outcomeOf,
  type Progress,
  type Run,
  receive,
  remove,
  stateOf,
} from './run.ts'
export { begin, isBusy, stop, takeBack } from './work.ts'

export { renderEdition } from './edition.ts'
export { subjectOf } from './edition-text.ts'
export type { EditionLetter, LetterStory, Notice, Paper, Rendered, Report } from './letter.ts'
export { type About, CLIP, type Finding, lint } from './lint.ts'
export {
  bodyHash,
  type Fixed,
  fix,
  type Personal,
  type Shared,
  type Spliced,
  size,
  splice,
  spliced,
} from './message.ts'
export { renderNotice } from './notice.ts'
export { opened } from './opened.ts'
export { renderReport } from './report.ts'
export { fill, type Slot, TOKEN } from './slots.ts'

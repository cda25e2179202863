/* Parts of lists by rules: who is meant, in words and as a condition. The public face of this folder. */
export { type Counted, count } from './count.ts'
export {
  add,
  all,
  condition,
  conditionOf,
  type Draft,
  find,
  inWords,
  isMeant,
  type Meant,
  meant,
  ofList,
  partOf,
  remove,
  type Segment,
} from './segment.ts'

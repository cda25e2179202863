import * as deliveries from '../src/deliveries/index.ts'
import type { Job } from '../src/job.ts'

/** Every minute: counts the letters of each edition that is done, row by row, so that the desk says whether they add up. */
export const countEditions: Job = {
  name: 'count-editions',
  schedule: '* * * * *',
  run: (app, signal) => deliveries.recountDone(app, signal),
}

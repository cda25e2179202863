import * as backups from '../src/backups/index.ts'
import type { Job } from '../src/job.ts'

/** Every night (and at the start, for a night that was missed): saves everything, and keeps the last seven. */
export const backUp: Job = {
  name: 'back-up',
  schedule: '37 3 * * *',
  run: (app) => backups.nightly(app),
}

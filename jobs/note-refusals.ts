import * as bounces from '../src/bounces/index.ts'
import type { Job } from '../src/job.ts'

/** Every minute: what relays have refused counts as what comes back. */
export const noteRefusals: Job = {
  name: 'note-refusals',
  schedule: '* * * * *',
  run: (app) => bounces.noteRefusals(app),
}

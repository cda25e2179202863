import type { Job } from '../src/job.ts'
import * as subscribers from '../src/subscribers/index.ts'

/** Every night: forgets what the imports changed that can no longer be undone. */
export const forgetImports: Job = {
  name: 'forget-imports',
  schedule: '41 3 * * *',
  run: (app) => subscribers.forgetImports(app),
}

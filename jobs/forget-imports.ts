import * as importRuns from '../src/import-runs/index.ts'
import type { Job } from '../src/job.ts'
import * as subscribers from '../src/subscribers/index.ts'
import * as uploads from '../src/uploads.ts'

/** Every night: forgets what the imports changed that can no longer be undone, files that nobody wants imported, and those of forms that were never answered. */
export const forgetImports: Job = {
  name: 'forget-imports',
  schedule: '41 3 * * *',
  async run(app) {
    await importRuns.forget(app)
    await subscribers.forgetImports(app)
    await uploads.sweep(app)
  },
}

import * as articles from '../src/articles/index.ts'
import type { Job } from '../src/job.ts'

/** Every minute: keeps the pictures of imported articles that lie elsewhere. */
export const keepPictures: Job = {
  name: 'keep-pictures',
  schedule: '* * * * *',
  run: (app, signal) => articles.keepPictures(app, 'job', { signal }),
}

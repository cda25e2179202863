import { parentPort, workerData } from 'node:worker_threads'
import { pollSources } from '../../jobs/poll-sources.ts'
import type { Config } from '../config.ts'
import * as job from '../job.ts'
import { openApp } from '../open.ts'
import * as reading from '../reading/index.ts'

/* The thread that reading-thread.ts opens: the timetable of sources, over connections of its own, until it is told to stop. */

const app = await openApp(workerData as Config)
const timetable = await job.keep(app, [pollSources])
parentPort!.once('message', async () => {
  await timetable.stop()
  await reading.close()
  await app.database.close()
  parentPort!.close()
})

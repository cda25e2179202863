import { constants, setPriority } from 'node:os'
import { workerData } from 'node:worker_threads'
import type { Config } from '../config.ts'
import { openApp } from '../open.ts'
import * as subscribers from '../subscribers/index.ts'
import { bring } from './bring.ts'
import type { Task } from './work.ts'

/* The thread that work.ts begins: one import, or the undoing of one, over connections of its own. */

if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL) // of this thread alone: who asks for pages comes first
const { config, task } = workerData as { config: Config; task: Task }
const app = await openApp(config)
try {
  if ('run' in task) await bring(app, task)
  else await subscribers.undoImport(app, task.actor, task.undo)
} catch (error) {
  app.log.error('an import ended in a mistake of ours', { error })
} finally {
  await app.database.close()
}

import { parentPort } from 'node:worker_threads'
import type { Origin } from '../reading/index.ts'
import { type Post, readPosts } from './rest.ts'

/** A page of posts to be read, and what was read: undefined for what holds no posts. */
export type Task = { bytes: Uint8Array; origin: Origin }
export type Done = { posts: Post[] | undefined }

parentPort!.on('message', ({ bytes, origin }: Task) => {
  void readPosts(Buffer.from(bytes), origin).then((posts) => parentPort!.postMessage({ posts } satisfies Done))
})

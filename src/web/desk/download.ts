import { PassThrough, Readable, type Writable } from 'node:stream'
import type { Visit } from './routes.ts'

/** A table for spreadsheets as a file, written while it is fetched: `name` and the day are what it is called. */
export function csvFile(
  { app }: Pick<Visit, 'app'>,
  name: string,
  write: (out: Writable) => Promise<unknown>,
): Response {
  const out = new PassThrough()
  write(out).then(
    () => out.end(),
    (error) => out.destroy(error as Error), // also where nobody fetches the rest
  )
  const day = app.now().toString().slice(0, 10)
  return new Response(Readable.toWeb(out) as ReadableStream, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="${name}-${day}.csv"`,
    },
  })
}

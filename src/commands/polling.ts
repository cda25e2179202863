import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as sources from '../sources/index.ts'
import { openProgress } from './progress.ts'
import type { Shell } from './shell.ts'

type Turn = { source: sources.Source; polled: Omit<sources.Polled, 'again' | 'report'> }

type Wanted = { id?: number; once: boolean; json: boolean }

/** Polls one source, or all that are due, and shows how far it has come; a source's turns are summed up in one answer. */
export async function polledFromShell(app: App, shell: Shell, { id, once, json }: Wanted): Promise<Turn[]> {
  const progress = openProgress('sources', json)
  const turns = new Map<number, Turn>()
  function onPolled(source: sources.Source, { again: _, report: __, ...polled }: sources.Polled): void {
    const before = turns.get(source.id)
    const newUrl = polled.newUrl ?? before?.polled.newUrl
    turns.set(source.id, {
      source: before?.source ?? source,
      polled: { ...polled, ...(newUrl && { newUrl }) },
    })
    progress.to(turns.size, Math.max(turns.size, total))
  }
  let total = 1
  try {
    if (id === undefined) {
      total = await sources.countDue(app.db, instant(app.now()))
      await sources.pollDue(app, 'cli', { signal: shell.signal, once, onPolled })
    } else await pollOne(app, await sources.find(app.db, id), once, shell.signal, onPolled)
  } finally {
    progress.end()
  }
  return [...turns.values()].sort((a, b) => a.source.id - b.source.id)
}

async function pollOne(
  app: App,
  source: sources.Source,
  once: boolean,
  signal: AbortSignal,
  onPolled: (source: sources.Source, polled: sources.Polled) => void,
): Promise<void> {
  for (;;) {
    const polled = await sources.poll(app, 'cli', source, signal)
    onPolled(source, polled)
    if (!polled.again || once || signal.aborted) return
  }
}

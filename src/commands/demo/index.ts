import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { App } from '../../app.ts'
import { type Config, readConfig } from '../../config.ts'
import * as deliveries from '../../deliveries/index.ts'
import * as digests from '../../digests/index.ts'
import * as links from '../../links.ts'
import { openApp } from '../../open.ts'
import { startWork } from '../serving.ts'
import { command, openShell, type Shell } from '../shell.ts'
import { ACTOR } from './once.ts'
import { fillWithSamples } from './samples.ts'
import { fillWithSite, folderOf } from './site.ts'

/** `demo`: the main job on an empty machine, without any other service; with an address, on that site's own stories. */
export function demo(program: Command): void {
  command(
    program,
    'demo [site]',
    'sample articles, or those of a site, as paper, feeds and letter, in ./demo-data',
  ).action(async (address: string | undefined, options: { json?: boolean }) => {
    const { openOutbox } = await import('../../outbox.ts') // loaded by this command only
    const { outboxPages } = await import('../../web/outbox.ts')
    const { openServer } = await import('../../web/server.ts')
    const data = address === undefined ? resolve('demo-data') : resolve('demo-data', folderOf(address))
    const outbox = await openOutbox(join(data, 'outbox'))
    const closers: (() => Promise<void>)[] = [outbox.close]
    try {
      const app = await openApp(demoConfig(data, outbox.relay))
      closers.unshift(app.database.close)
      const shell = openShell(app.config, options.json === true)
      const secret = randomBytes(18).toString('base64url')
      const server = await openServer(app, { extra: outboxPages(app, outbox, secret) }) // first of all: a taken port ends it before anything is made
      closers.unshift(server.close)
      const promised = await fill(app, shell, address)
      const editions = await composeAndSend(app, promised, shell.signal)
      shell.print(answer(app, editions, `${app.config.url}/admin/outbox/${secret}`, outbox.caught().length))
      shell.say(
        `It goes on serving; Ctrl+C ends it. Run it again and nothing is doubled; delete ${data} to begin anew.`,
      )
      const stopWork = shell.signal.aborted ? async () => {} : await startWork(app)
      if (!shell.signal.aborted) await new Promise((resolve) => shell.signal.addEventListener('abort', resolve))
      await stopWork()
    } finally {
      for (const close of closers) await close()
    }
  })
}

/** The demo keeps to its own folder and its own mail catcher, whatever the environment says of data and relays. */
function demoConfig(data: string, relay: string): Config {
  const { language, host, port, url, logLevel, fetchAllow } = readConfig()
  const own = readConfig({ NASHRA_DATA: data, NASHRA_SMTP: `${relay}?connections=5&sign=no` })
  return { ...own, language, host, port, url, fetchAllow, logLevel: logLevel === 'info' ? 'warn' : logLevel }
}

async function fill(app: App, shell: Shell, address: string | undefined): Promise<string[]> {
  if (address !== undefined) return fillWithSite(app, address, shell)
  shell.say('Nashra demo: preparing articles, pictures, lists and readers …')
  return fillWithSamples(app)
}

async function composeAndSend(app: App, promised: string[], signal: AbortSignal): Promise<digests.Composed[]> {
  const composed = []
  for (const digest of promised) composed.push(await digests.composeNow(app, ACTOR, digest))
  await deliveries.sendUntilEmpty(app, { wait: 0, signal })
  return composed
}

function answer(app: App, composed: digests.Composed[], outbox: string, letters: number) {
  const { url } = app.config
  return {
    home: `${url}/`,
    feeds: `${url}/feeds`,
    rss: links.feed(url, 'all', 'rss'),
    atom: links.feed(url, 'all', 'atom'),
    json: links.feed(url, 'all', 'json'),
    subscribe: `${url}/subscribe`,
    editions: composed.flatMap((one) => one.url ?? []),
    outbox,
    letters,
  }
}

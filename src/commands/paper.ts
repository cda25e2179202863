import type { Command } from 'commander'
import * as media from '../media.ts'
import * as site from '../site.ts'
import { command, group, openInput, withApp } from './shell.ts'

type SetOptions = {
  json?: boolean
  name?: string
  tagline?: string
  logo?: string
  accent?: string
  language?: string
  zone?: string
  from?: string
  replyTo?: string
  postalAddress?: string
}

/** `site set`, `site show`. */
export function paper(program: Command): void {
  const commands = group(program, 'site', "the paper's identity")
  command(commands, 'set', 'change it')
    .option('--name <name>', "the paper's name")
    .option('--tagline <words>', 'the line under the name')
    .option('--logo <file>', 'an image (JPEG, PNG, WebP, AVIF or GIF)')
    .option('--accent <colour>', 'like #9b1c1c')
    .option('--language <tag>', 'like ar, tr, en-GB')
    .option('--zone <zone>', 'like Europe/Istanbul')
    .option('--from <sender>', '"Name <address>": who letters come from')
    .option('--reply-to <address>', 'where answers go')
    .option('--postal-address <words>', 'stands in every letter')
    .action((options: SetOptions) =>
      withApp(options, async (app, shell) => {
        const logo = options.logo === undefined ? undefined : await media.keep(app, await bytesOf(options.logo))
        const { name, tagline, accent, language, zone } = options
        const given = {
          name,
          tagline,
          accent,
          language,
          zone,
          sender: options.from,
          reply_to: options.replyTo,
          postal_address: options.postalAddress,
          logo_id: logo?.id,
        }
        const identity = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
        shell.print(shown(await site.set(app, 'cli', identity)))
      }),
    )
  command(commands, 'show', 'print it').action((options: { json?: boolean }) =>
    withApp(options, async (app, shell) => shell.print(shown(await site.show(app, app.read)))),
  )
}

function shown(paper: site.Site) {
  const { name, tagline, accent, language, zone, sender, reply_to, postal_address, logo_id } = paper
  return { name, tagline, accent, language, zone, from: sender, reply_to, postal_address, logo: logo_id }
}

/** A file's bytes; of one that no picture is as large as, no more than that: it may have no end. */
async function bytesOf(file: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of await openInput(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > media.MOST_BYTES) break
  }
  return Buffer.concat(chunks)
}

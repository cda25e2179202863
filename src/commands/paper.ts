import { isUtf8 } from 'node:buffer'
import type { Command } from 'commander'
import * as media from '../media.ts'
import { Problem } from '../problem.ts'
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
  reportTo?: string
  postalAddress?: string
} & Partial<Record<site.StandingPage, string>>

const LARGEST_PAGE = 200_000 // bytes

/** `site set`, `site show`. */
export function paper(program: Command): void {
  const commands = group(program, 'site', "the paper's identity")
  command(commands, 'set', 'change it')
    .option('--name <name>', "the paper's name")
    .option('--tagline <words>', 'the line under the name')
    .option('--logo <file>', 'an image (JPEG, PNG, WebP, AVIF or GIF); "" for none')
    .option('--accent <colour>', 'like #9b1c1c')
    .option('--language <tag>', 'like ar, tr, en-GB')
    .option('--zone <zone>', 'like Europe/Istanbul')
    .option('--from <sender>', '"Name <address>": who letters come from')
    .option('--reply-to <address>', 'where answers go')
    .option('--report-to <address>', 'who is told by mail how each edition went; "" for nobody')
    .option('--postal-address <words>', 'stands in every letter')
    .option('--about <file>', 'the page about the paper, HTML or plain text; an empty file removes it')
    .option('--contact <file>', 'the page that says how to reach the newsroom')
    .option('--privacy <file>', 'the page about what is kept of readers')
    .option('--imprint <file>', 'the page that says who publishes')
    .action((options: SetOptions) =>
      withApp(options, async (app, shell) => {
        const logo = options.logo ? await media.keep(app, await bytesOf(options.logo, media.MOST_BYTES)) : undefined
        const { name, tagline, accent, language, zone } = options
        const given = {
          name,
          tagline,
          accent,
          language,
          zone,
          sender: options.from,
          reply_to: options.replyTo,
          report_to: options.reportTo,
          postal_address: options.postalAddress,
          logo_id: options.logo === '' ? null : logo?.id,
          ...(await standing(options)),
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
  const { name, tagline, accent, language, zone, sender, reply_to, report_to, postal_address, logo_id } = paper
  const pages = Object.fromEntries(site.standingPages.map((page) => [page, paper[page] !== '']))
  return {
    name,
    tagline,
    accent,
    language,
    zone,
    from: sender,
    reply_to,
    report_to,
    postal_address,
    logo: logo_id,
    ...pages,
  }
}

/** The pages whose files are named. */
async function standing(options: SetOptions): Promise<Partial<Record<site.StandingPage, string>>> {
  const pages: Partial<Record<site.StandingPage, string>> = {}
  for (const page of site.standingPages) {
    const file = options[page]
    if (file !== undefined) pages[page] = await textOf(file)
  }
  return pages
}

async function textOf(file: string): Promise<string> {
  const bytes = await bytesOf(file, LARGEST_PAGE)
  if (bytes.length > LARGEST_PAGE) throw new Problem('file-too-large', { file, most: LARGEST_PAGE / 1000 })
  if (!isUtf8(bytes)) throw new Problem('file-not-utf8', { file })
  return bytes.toString().replace(/^\ufeff/, '')
}

/** A file's bytes; of one with more than `most`, no more than that needs: it may have no end. */
async function bytesOf(file: string, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of await openInput(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > most) break
  }
  return Buffer.concat(chunks)
}

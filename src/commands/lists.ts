import { isUtf8 } from 'node:buffer'
import type { Command } from 'commander'
import { languageTag, spoken } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import { snippets } from '../web/embed.ts'
import { command, openInput, withApp } from './shell.ts'

const LARGEST_LETTER = 100_000 // bytes

type Json = { json?: boolean }
type SetOptions = Json & {
  title?: string
  language?: string
  from?: string
  replyTo?: string
  public?: boolean
  private?: boolean
  singleOptIn?: string
  doubleOptIn?: boolean
}
type LetterOptions = Json & { language?: string; file?: string; ours?: boolean; remove?: boolean }

/** `list set`, `list show`, `list all`, `list letter`, `list embed`, beside `list add`. */
export function moreOnLists(lists: Command): void {
  setting(lists)
  showing(lists)
  letters(lists)
  command(lists, 'embed <slug>', 'what another site puts into its pages: a form, or a frame with ours')
    .option('--language <tag>', "the language it speaks (default: the list's)")
    .action((slug: string, { language, ...options }: Json & { language?: string }) =>
      withApp(options, async (app, shell) => {
        const list = await subscribers.findPublicList(app.read, slug)
        const [tag = ''] = languageTag(language ?? list.language).split('-')
        const made = snippets(app.config.url, list, spoken.includes(tag) ? tag : 'en')
        if (options.json) shell.print(made)
        else shell.say(`${made.form}\n\n${made.frame}`)
      }),
    )
}

function setting(lists: Command): void {
  command(lists, 'set <slug>', 'change a list')
    .option('--title <title>', 'what readers see')
    .option('--language <tag>', 'its language')
    .option('--from <sender>', '"Name <address>"; "" for the paper\'s')
    .option('--reply-to <address>', 'where answers go; "" for the paper\'s')
    .option('--public', 'anybody may ask to join it on the web')
    .option('--private', 'nobody joins it but by import')
    .option('--single-opt-in <reason>', 'who asks need not confirm; the reason is kept')
    .option('--double-opt-in', 'who asks confirms by a letter (so it is unless you change it)')
    .action((slug: string, { title, language, from, replyTo, ...options }: SetOptions) =>
      withApp(options, async (app, shell) => {
        const change = {
          ...(title !== undefined && { title }),
          ...(language !== undefined && { language }),
          ...(from !== undefined && { from }),
          ...(replyTo !== undefined && { replyTo }),
          ...((options.public || options.private) && { public: options.public === true }),
          ...(options.singleOptIn !== undefined && { singleOptIn: options.singleOptIn }),
          ...(options.doubleOptIn && { singleOptIn: null }),
        }
        shell.print(shown(await subscribers.setList(app, 'cli', slug, change)))
      }),
    )
}

function showing(lists: Command): void {
  command(lists, 'show <slug>', 'a list and its letters').action((slug: string, options: Json) =>
    withApp(options, async (app, shell) => {
      const list = await subscribers.findList(app.read, slug)
      const own = await subscribers.lettersOf(app.read, list.id)
      const letters = own.map(({ kind, language, subject }) => ({ kind, language, subject: subject || '(ours)' }))
      shell.print({ ...shown(list), letters })
    }),
  )
  command(lists, 'all', 'every list').action((options: Json) =>
    withApp(options, async (app, shell) => shell.print((await subscribers.allLists(app.read)).map(shown))),
  )
}

function letters(lists: Command): void {
  command(lists, 'letter <slug> <kind>', 'let a list send its welcome or goodbye, in its own words or in ours')
    .option('--language <tag>', "for readers of this language (default: the list's)")
    .option(
      '--file <file>',
      'its words: a line for the subject, then paragraphs; {{name}}, {{list}}, {{paper}} are filled in',
    )
    .option('--ours', 'in our own words')
    .option('--remove', 'send it no more; without --language in no language')
    .action((slug: string, kind: string, { language, file, ours, remove, ...options }: LetterOptions) =>
      withApp(options, async (app, shell) => {
        if (remove) {
          const removed = await subscribers.removeLetter(app, 'cli', slug, { kind, ...(language && { language }) })
          shell.print({ list: slug, kind, removed })
          return
        }
        if ((file === undefined) === !ours) throw new Problem('letter-empty')
        const text = file === undefined ? {} : { text: await wordsOf(file) }
        const tag = language ?? (await subscribers.findList(app.read, slug)).language
        const { subject, body, ...set } = await subscribers.setLetter(app, 'cli', slug, {
          kind,
          language: tag,
          ...text,
        })
        shell.print({
          list: slug,
          kind: set.kind,
          language: set.language,
          subject,
          paragraphs: body.split('\n\n').length,
        })
      }),
    )
}

function shown({ slug, title, language, visibility, sender, reply_to, single_opt_in }: subscribers.List) {
  return { slug, title, language, visibility, sender, reply_to, single_opt_in }
}

async function wordsOf(file: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of await openInput(file)) {
    size += chunk.length
    if (size > LARGEST_LETTER) throw new Problem('file-too-large', { file, most: LARGEST_LETTER / 1000 })
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (!isUtf8(bytes)) throw new Problem('file-not-utf8', { file })
  return bytes.toString('utf8')
}

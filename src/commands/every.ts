import { article } from './articles.ts'
import { channel } from './channels.ts'
import { demo } from './demo/index.ts'
import { dkim } from './dkim.ts'
import { domain } from './domains.ts'
import { hook } from './hooks.ts'
import { keeping } from './keeping.ts'
import { oneReader } from './one-reader.ts'
import { paper } from './paper.ts'
import { people } from './people.ts'
import { readers } from './readers.ts'
import { retention } from './retention.ts'
import { review } from './review.ts'
import { segment } from './segments.ts'
import { digest, send } from './sending.ts'
import { serving } from './serving.ts'
import { source } from './sources.ts'

/** All commands, in the order that the help tells them. */
export const COMMANDS = [
  serving,
  demo,
  paper,
  retention,
  article,
  channel,
  source,
  review,
  readers,
  oneReader,
  segment,
  digest,
  send,
  domain,
  dkim,
  hook,
  people,
  keeping,
]

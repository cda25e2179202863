import { email } from './address.ts'
import { isLoopback } from './loopback.ts'

/** Where mail servers hand on what comes back. `domain` is where it is sent to, if not the sender's own. */
export type Listening = { protocol: 'lmtp' | 'smtp'; host: string; port: number; domain?: string }

/** A mailbox that is read for what comes back. */
export type Mailbox = {
  protocol: 'imap' | 'imaps'
  host: string
  port: number
  user: string
  password: string
  folder: string
  domain?: string
}

/** Where bounces and replies come in. */
export type Inbound = Listening | Mailbox

/** The folder that mail is moved to when it has been taken in. */
export const TAKEN = 'Nashra'

const ESCAPES = 'in the password write @ : / ? # % as %40 %3A %2F %3F %23 %25'
const WAYS =
  'mail comes in at lmtp://host:port or smtp://host:port, or from a mailbox at imaps://user:password@host/INBOX, each with ?domain=bounces.paper.example if need be'

/** Reads one place of NASHRA_INBOUND. The message never repeats a password, nor what may be a piece of one. */
export function inbound(value: string): Inbound {
  return /^imaps?:/.test(value) ? mailbox(value) : listening(value)
}

/** Tells the mailboxes from the places where we listen. */
export function isMailbox(one: Inbound): one is Mailbox {
  return one.protocol === 'imap' || one.protocol === 'imaps'
}

/** Reads `lmtp://127.0.0.1:2424?domain=bounces.paper.example`. */
function listening(value: string): Listening {
  const [, protocol, rest = ''] = /^(lmtp|smtp):\/\/(.+)$/.exec(value) ?? []
  const url = protocol && URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined
  if (!url?.port || url.username || url.hash || url.pathname !== '/' || hasUnknown(url)) throw new Error(WAYS)
  return {
    protocol: protocol as Listening['protocol'],
    host: bare(url.hostname),
    port: Number(url.port),
    ...domainIn(url),
  }
}

/** Reads `imaps://user:password@host:993/INBOX?domain=bounces.paper.example`. */
function mailbox(value: string): Mailbox {
  const url = /^imaps?:\/\//.test(value) && URL.canParse(value) ? new URL(value) : undefined
  if (!url?.hostname || !url.username || !url.password || url.hash || /[@:]/.test(url.pathname) || hasUnknown(url))
    throw new Error(`a mailbox is imaps://user:password@host/INBOX; ${ESCAPES}, in the user @ as %40`)
  const host = bare(url.hostname)
  const secure = url.protocol === 'imaps:'
  if (!secure && !isLoopback(host))
    throw new Error(
      'imap:// would send the password unencrypted, so it is only for a server on this machine: use imaps://',
    )
  const folder = unescaped(url.pathname.slice(1)) || 'INBOX'
  if (/\p{Cc}/u.test(folder)) throw new Error('the name of a folder holds a control character')
  if (/(^|[./])nashra$/i.test(folder))
    throw new Error(`a mailbox's folder ${TAKEN} is where mail goes that has been taken in: name another to read from`)
  return {
    protocol: secure ? 'imaps' : 'imap',
    host,
    port: Number(url.port) || (secure ? 993 : 143),
    user: unescaped(url.username),
    password: unescaped(url.password),
    folder,
    ...domainIn(url),
  }
}

function hasUnknown(url: URL): boolean {
  return [...url.searchParams.keys()].some((key) => key !== 'domain')
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function domainIn(url: URL): { domain?: string } {
  const value = url.searchParams.get('domain')
  if (!value) return {}
  try {
    return { domain: email(`b@${value}`).slice(2) }
  } catch {
    throw new Error(`«${value}» is not a domain that bounces can be sent to`)
  }
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('the user or the password of a mailbox holds a bare %; write it as %25')
  }
}

import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A mail server with one mailbox, on 127.0.0.1, with a certificate that nobody has signed. */
export type Dovecot = {
  readonly port: { imap: number; imaps: number }
  /** NASHRA_INBOUND for it, with more behind. */
  url(more?: string, secure?: boolean): string
  /** Puts a message into the inbox, as if it had come in then. */
  deliver(raw: string, at?: Date): void
  /** The messages of a folder, INBOX unless named, in no order. */
  messages(folder?: string): { raw: string; seen: boolean }[]
  /** How many there are, also while they are being moved. */
  count(folder?: string): number
  /** The server's own folder of a mailbox, to spoil. */
  readonly maildir: string
  setPassword(password: string): void
  start(): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const PROGRAM = '/usr/sbin/dovecot'
const MAIL = 8 // the user that owns mail on Debian: Dovecot reads none for root

/** Whether this machine has one; where it has none its tests are skipped, and say so. */
export const hasDovecot = existsSync(PROGRAM) && existsSync('/usr/lib/dovecot/imap')
if (!hasDovecot) console.log('skipped: Dovecot (Debian: dovecot-imapd) is not here, so no mailbox is read')

export async function openDovecot(): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-dovecot-'))
  const root = process.getuid?.() === 0
  const owner = root ? { uid: MAIL, gid: MAIL } : { uid: process.getuid!(), gid: process.getgid!() }
  const maildir = join(folder, 'mail')
  const own = (path: string) => chownSync(path, owner.uid, owner.gid)
  execFileSync('chmod', ['755', folder])
  for (const path of ['', 'cur', 'new', 'tmp']) {
    mkdirSync(join(maildir, path), { recursive: true })
    own(join(maildir, path))
  }
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj', '/CN=mail.test', '-keyout', key, '-out', certificate], { stdio: 'ignore' }) // biome-ignore format: one command
  const port = { imap: await freePort(), imaps: await freePort() }
  const me = root ? '' : `${execFileSync('id', ['-un'])}`.trim()
  const users = join(folder, 'users')
  const settings = join(folder, 'dovecot.conf')
  writeFileSync(
    settings,
    `
base_dir = ${folder}/run
log_path = ${folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${certificate}
ssl_key = <${key}
first_valid_uid = 1
mail_location = maildir:${maildir}
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
  ${me && 'chroot ='}
}
${me && `default_internal_user = ${me}\ndefault_login_user = ${me}\ndefault_internal_group = ${`${execFileSync('id', ['-gn'])}`.trim()}`}
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${users}
}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${maildir}
}
service imap-login {
  ${me && 'chroot ='}
  inet_listener imap {
    port = ${port.imap}
  }
  inet_listener imaps {
    port = ${port.imaps}
    ssl = yes
  }
}
`,
  )
  const files = (name = '') =>
    ['cur', 'new'].flatMap((part) => {
      const path = join(maildir, name && `.${name}`, part)
      return existsSync(path) ? readdirSync(path).map((file) => join(path, file)) : []
    })
  let running: ReturnType<typeof spawn> | undefined
  const dovecot: Dovecot = {
    port,
    maildir,
    url: (more = '/INBOX', secure = true) =>
      `${secure ? 'imaps' : 'imap'}://bounces%40news.example:p%40ss%2Fw@127.0.0.1:${secure ? port.imaps : port.imap}${more}`,
    deliver(raw, at = new Date()) {
      const file = join(maildir, 'new', `${Math.floor(at.getTime() / 1000)}.${randomBytes(8).toString('hex')}.test`)
      writeFileSync(file, raw, 'latin1')
      utimesSync(file, at, at)
      own(file)
    },
    count: (name) => files(name).length,
    messages: (name) => files(name).map((file) => ({ raw: readFileSync(file, 'latin1'), seen: /:2,\w*S/.test(file) })),
    setPassword(password) {
      writeFileSync(users, `bounces@news.example:{PLAIN}${password}\n`, { mode: 0o644 })
    },
    async start() {
      running = spawn(PROGRAM, ['-F', '-c', settings], { stdio: 'ignore' })
      for (let tries = 0; !existsSync(join(folder, 'run/login/login')) || !(await answers(port.imap)); tries++) {
        if (tries > 200 || running.exitCode !== null)
          throw new Error(
            `Dovecot does not start: ${existsSync(join(folder, 'log')) && readFileSync(join(folder, 'log'))}`,
          )
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async stop() {
      if (!running || running.exitCode !== null) return
      running.kill('SIGTERM')
      await once(running, 'exit')
    },
    async [Symbol.asyncDispose]() {
      await dovecot.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  process.once('exit', () => running?.kill('SIGTERM')) // a test that ran out of time does not stop it
  dovecot.setPassword('p@ss/w')
  await dovecot.start()
  return dovecot
}

async function answers(port: number): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

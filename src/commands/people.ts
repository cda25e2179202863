import type { Command } from 'commander'
import * as accounts from '../accounts/index.ts'
import type { App } from '../app.ts'
import * as subscribers from '../subscribers/index.ts'
import { command, group, withApp } from './shell.ts'

type Json = { json?: boolean }

/** `user add`, `user list`, `user roles`, `user link`, `user end`. */
export function people(program: Command): void {
  const commands = group(program, 'user', 'who works at the desk')
  command(commands, 'add <address>', 'lets somebody in; prints a link to choose a password, good for seven days')
    .requiredOption('--role <role>', accounts.ROLES.join(', '))
    .option('--list <slug>', 'for this list alone')
    .option('--name <name>', 'what colleagues call them')
    .action((address: string, options: Json & { role: string; list?: string; name?: string }) =>
      withApp(options, async (app, shell) => {
        const role = accounts.checkedRole(options.role)
        const list = options.list === undefined ? 0 : (await subscribers.findList(app.read, options.list)).id
        const draft = { address, roles: [{ role, list }], name: options.name ?? '' }
        const { account, token } = await accounts.invite(app, 'cli', draft)
        shell.print({ id: account.public_id, link: linkOf(app, token) })
      }),
    )
  command(commands, 'list', 'all accounts, with their roles').action((options: Json) =>
    withApp(options, async (app, shell) => {
      const people = await accounts.all(app.read)
      const lists = await subscribers.allLists(app.read)
      shell.print(
        people.map(({ public_id, address, name, roles, totp_at, ended_at }) => ({
          ...{ id: public_id, address, name, roles: roles.map((one) => one.role) },
          granted: roles.map(({ role, list }) => spelled(role, lists.find(({ id }) => id === list)?.slug)),
          state: ended_at !== null ? 'ended' : totp_at === null ? 'active' : 'active, with a second factor',
        })),
      )
    }),
  )
  command(
    commands,
    'roles <id> <role...>',
    'grants these roles and no others: editor, or sender:daily for the list daily alone; their sessions end',
  ).action((id: string, typed: string[], options: Json) =>
    withApp(options, async (app, shell) => {
      const roles = await Promise.all(typed.map((one) => granted(app, one)))
      await accounts.setRoles(app, 'cli', await accounts.byPublicId(app.db, id), roles)
      shell.print({ id, granted: typed })
    }),
  )
  command(commands, 'link [id]', 'a link to choose a new password, good for an hour; without id, the first owner’s')
    .option('--without-factor', 'the second factor goes with it: for who has lost telephone and recovery codes')
    .action((id: string | undefined, options: Json & { withoutFactor?: boolean }) =>
      withApp(options, async (app, shell) => {
        const { withoutFactor = false } = options
        const token = id
          ? await accounts.reset(app, 'cli', await accounts.byPublicId(app.db, id), { withoutFactor })
          : await accounts.setUp(app)
        shell.print(
          token ? { link: linkOf(app, token) } : { link: null, reason: 'there are accounts: name one by its id' },
        )
      }),
    )
  command(commands, 'end <id>', 'lets somebody in no more; their sessions end at once').action(
    (id: string, options: Json) =>
      withApp(options, async (app, shell) => {
        await accounts.endAccount(app, 'cli', await accounts.byPublicId(app.db, id))
        shell.print({ id, ended: true })
      }),
  )
}

async function granted(app: App, typed: string): Promise<accounts.Granted> {
  const [role = '', slug] = typed.split(':', 2)
  const list = slug === undefined ? 0 : (await subscribers.findList(app.read, slug)).id
  return { role: accounts.checkedRole(role), list }
}

/** A role as one types it: `editor`, `sender:daily`. */
function spelled(role: accounts.Role, slug: string | undefined): string {
  return slug === undefined ? role : `${role}:${slug}`
}

/** Where a link's token is good. */
export function linkOf({ config }: Pick<App, 'config'>, token: string): string {
  return `${config.url}/admin/in/${token}`
}

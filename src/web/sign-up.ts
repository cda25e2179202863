import type { Context } from 'hono'
import type { App } from '../app.ts'
import { claimedId, holds, type Keys, sign } from '../keys.ts'
import { spoken } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import { clientNetwork } from './client.ts'
import { typedWishes } from './wish-fields.ts'

/**
 * What came back from the sign-up form. `trap` is a field that nobody sees: who fills it is a machine. Without a `stamp` the
 * form was made by another site, which cannot make one.
 */
export type SignUp = {
  email: string
  list: string | undefined
  language: string | undefined
  stamp: string | undefined
  trap: string
  wishes: Partial<subscribers.Wishes>
}

/** Where the form stood: on our page, or on our page within another site's. */
export type Place = '/subscribe' | '/subscribe/embed'

const YOUNGEST = 2_000
const OLDEST = 24 * 3_600_000

/** The hidden field that says when the form was made; signed, so that nobody makes older ones. */
export function stampOf({ keys, now }: Pick<App, 'keys' | 'now'>): string {
  return sign(keys, 'form', Math.ceil(now().epochMilliseconds / 10))
}

/** Reads the form's fields, each once; anything but a form of our kind is a Problem. */
export async function readSignUp(c: Context): Promise<SignUp> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new Problem('bad-form')
  const fields = new URLSearchParams(await c.req.text())
  const one = (name: string): string => {
    const values = fields.getAll(name)
    if (values.length > 1) throw new Problem('bad-form')
    return values[0] ?? ''
  }
  if (!fields.has('email')) throw new Problem('bad-form')
  return {
    email: one('email'),
    list: one('list') || undefined,
    language: spokenOr(one('lang')),
    stamp: fields.has('t') ? one('t') : undefined,
    trap: one('subject'),
    wishes: subscribers.readableWishes(typedWishes(fields)), // nobody is sent back for what need not be filled in
  }
}

/** The language of this tag, if we ship sentences in it. */
export function spokenOr(tag: string | undefined): string | undefined {
  const [language = ''] = (tag ?? '').toLowerCase().split('-')
  return spoken.includes(language) ? language : undefined
}

/** A form as it is sent: its list is known, or the one that its page would have chosen. */
export type Sent = SignUp & { list: string; stamp: string }

/** Does what the form asks; answers the mistake that its reader can mend, throws any other. */
export async function signUp(
  app: App,
  c: Context,
  form: Sent,
  from: Place,
  language: string,
): Promise<Problem | undefined> {
  if (form.trap) return undefined
  try {
    checkAge(app, form.stamp)
    const network = clientNetwork(c, app.config)
    const { list, email: address, wishes: wish } = form
    await subscribers.invite(app, { list, address, network, form: from, language, wish })
    return undefined
  } catch (error) {
    if (error instanceof Problem && ['bad-address', 'form-expired', 'form-too-fast'].includes(error.code)) return error
    throw error
  }
}

/** The stamp to go out again with the form: its own, so that a mended mistake need not wait, unless that is too old. */
export function stampAgain(app: App, form: Sent, problem: Problem): string {
  return problem.code === 'form-expired' ? stampOf(app) : form.stamp
}

function checkAge({ keys, now }: { keys: Keys; now: App['now'] }, stamp: string): void {
  const made = claimedId(stamp)
  if (made === undefined || !holds(keys, stamp, 'form', made)) throw new Problem('form-expired')
  const age = now().epochMilliseconds - made * 10
  if (age < YOUNGEST) throw new Problem('form-too-fast')
  if (age > OLDEST) throw new Problem('form-expired')
}

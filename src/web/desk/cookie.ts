import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { App } from '../../app.ts'

/** The session's cookie: on https one that no other host and no other path can set. */
export function cookieName({ config }: Pick<App, 'config'>): string {
  return config.url.startsWith('https:') ? '__Host-desk' : 'desk'
}

/** Gives the browser its session. It ends with the browser, or when the session does. */
export function give(app: App, c: Context, token: string): void {
  setCookie(c, cookieName(app), token, options(app))
}

/** Takes the session from the browser. */
export function take(app: App, c: Context): void {
  deleteCookie(c, cookieName(app), options(app))
}

/** Leaves the mark of a browser that an account has signed in from; it opens nothing, and stays when one signs out. */
export function giveDevice(app: App, c: Context, mark: string): void {
  setCookie(c, deviceName(app), mark, { ...options(app), maxAge: 365 * 86_400 })
}

/** The mark that this browser was given, if it was. */
export function device(app: App, c: Context): string | undefined {
  return getCookie(c, deviceName(app))
}

function deviceName(app: App): string {
  return `${cookieName(app)}-known`
}

function options({ config }: App) {
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: config.url.startsWith('https:'),
    maxAge: 30 * 86_400,
  } as const
}

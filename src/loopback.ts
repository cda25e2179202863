const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

/** Whether a host name or address is this machine, which nothing leaves: no certificate is needed there. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `serve` on an empty folder, as its first owner finds it. */
export async function openServe(environment: Record<string, string> = {}) {
  const data = mkdtempSync(join(tmpdir(), 'nashra-desk-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  const env = {
    PATH: process.env['PATH'],
    NASHRA_DATA: data,
    NASHRA_PORT: String(port),
    NASHRA_URL: url,
    NASHRA_LOG: 'warn',
    ...environment,
  }
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let said = ''
  const link = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk
        const found = /http:\/\/\S+\/admin\/in\/\S+/.exec(said)
        if (found) resolve(found[0])
      })
    child.on('exit', () => reject(new Error(said)))
  })
  return {
    url,
    link,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

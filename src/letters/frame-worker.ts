import { parentPort, workerData } from 'node:worker_threads'
import mjml2html from 'mjml'

/** Compiles one source: MJML takes half a second and 58 MB to load, which whoever serves pages does not have. */
const { html } = await mjml2html(workerData as string, { validationLevel: 'strict', fonts: {}, ignoreIncludes: true })
parentPort!.postMessage(html)

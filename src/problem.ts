/** Every way the product says no, and the HTTP status that says it. */
const PROBLEMS = {
  'article-not-found': 404,
  'backup-damaged': 422,
  'backup-foreign': 422,
  'backup-target': 422,
  'bad-address': 422,
  'bad-charset': 422,
  'bad-colour': 422,
  'bad-date': 422,
  'bad-date-order': 422,
  'bad-form': 422,
  'bad-language': 422,
  'bad-number': 422,
  'bad-slug': 422,
  'bad-time': 422,
  'bad-url': 422,
  'bad-zone': 422,
  'channel-not-found': 404,
  config: 500,
  'database-in-use': 409,
  'database-newer': 500,
  'database-unreachable': 503,
  'digest-not-found': 404,
  'disk-full': 507,
  'dkim-known': 409,
  'dkim-missing': 409,
  'dkim-unusable': 500,
  'domain-not-paused': 404,
  'duration-too-long': 422,
  'duration-unclear': 422,
  'edition-not-found': 404,
  'edition-not-pausable': 409,
  'edition-not-paused': 409,
  'feed-not-found': 422,
  'feed-unreadable': 422,
  'fetch-failed': 502,
  'file-compressed': 422,
  'file-is-feed': 422,
  'file-not-export': 422,
  'file-not-utf8': 422,
  'file-too-large': 422,
  'file-unreadable': 422,
  'folder-unwritable': 422,
  'form-expired': 422,
  'form-too-fast': 422,
  'form-too-large': 413,
  'guid-needed': 422,
  'hook-forged': 403,
  'hook-setting': 422,
  'hook-stale': 403,
  'hook-unknown': 404,
  'hook-unreadable': 422,
  'host-unusable': 500,
  'image-unusable': 422,
  'inbound-unusable': 500,
  interrupted: 500,
  'interrupted-dry': 500,
  'item-not-held': 404,
  'keys-lost': 500,
  'keys-other': 500,
  'left-log-unwritable': 507,
  'letter-too-large': 500,
  'lines-rejected': 422,
  'lines-unusable': 422,
  'link-expired': 410,
  'link-invalid': 404,
  'list-not-found': 404,
  'no-news': 409,
  'no-relay': 409,
  'no-room': 507,
  'no-sender': 409,
  'output-unwritable': 500,
  'page-not-found': 404,
  'path-unusable': 500,
  'port-refused': 500,
  'port-taken': 500,
  'relay-unreachable': 503,
  'restore-occupied': 409,
  'restore-other-kind': 422,
  'sending-held-address': 409,
  'sending-held-copied': 409,
  'sending-held-restored': 409,
  'slug-reserved': 422,
  'slug-taken': 409,
  'source-known': 409,
  'source-not-found': 404,
  'subscriber-not-found': 404,
  suppressed: 409,
  'text-too-long': 422,
  'title-empty': 422,
  'too-many-requests': 429,
  'tool-failed': 500,
  'tool-missing': 500,
  withdrawn: 410,
} as const satisfies Record<string, number>

export type ProblemCode = keyof typeof PROBLEMS

/**
 * An expected failure, meant for the person who caused it. Anything else that is thrown is a bug.
 *
 * The code is the key of its sentence in `templates/messages/<language>.json` (`problem.<code>`); `values` fill it.
 */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  readonly status: (typeof PROBLEMS)[ProblemCode]
  readonly values: Record<string, string | number>

  constructor(code: ProblemCode, values: Record<string, string | number> = {}, options?: ErrorOptions) {
    super(code, options)
    this.code = code
    this.status = PROBLEMS[code]
    this.values = values
  }
}

/** All codes: a test holds the sentences of every language against them. */
export const problemCodes = Object.keys(PROBLEMS) as ProblemCode[]

import { parseArgs } from 'node:util'
import { httpOrigin, inOneLine, wholeNumber } from '../command-line/arguments.ts'
import { Failure } from './failure.ts'

/** Where the services listen unless `--url` says otherwise. */
export const defaultUrls: Readonly<Record<string, string>> = {
  'cache-aside': 'http://127.0.0.1:8001',
  'read-through': 'http://127.0.0.1:8002',
  'write-through': 'http://127.0.0.1:8003',
  'write-behind': 'http://127.0.0.1:8004',
  'refresh-ahead': 'http://127.0.0.1:8005',
}

/** What to replay, and against what. */
export interface ReplayArguments {
  readonly trace: string
  readonly urls: readonly string[]
  /** Requests under way at once. */
  readonly concurrency: number
  /** The cache is used as it is: neither it nor the figures are cleared first. */
  readonly isWarm: boolean
  readonly asJson: boolean
}

export const usage = `npm run replay -- --trace FILE [options]

  --trace FILE       the requests: one key a line, plain or gzipped
  --service NAME     ${Object.keys(defaultUrls).join(', ')}, or all (default)
  --url URL          a service at another address, instead of --service; may be repeated
  --concurrency N    requests under way at once, 1 to 1000 (default 1)
  --warm             leave the cache as it is (default: clear it and the figures first;
                     a service with an ADMIN_TOKEN takes it from this variable)
  --json             results as JSON on standard output`

const options = {
  trace: { type: 'string' },
  service: { type: 'string' },
  url: { type: 'string', multiple: true },
  concurrency: { type: 'string', default: '1' },
  warm: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Undefined when help was asked for. Throws a `Failure` that names the argument. */
export function readArguments(args: readonly string[]): ReplayArguments | undefined {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) return undefined
  if (values.trace === undefined) throw new Failure('--trace FILE is missing (--help shows all)')
  return {
    trace: values.trace,
    urls: urlsOf(values.service, values.url),
    concurrency: wholeNumber('--concurrency', values.concurrency, 1, 1_000),
    isWarm: values.warm,
    asJson: values.json,
  }
}

function urlsOf(service: string | undefined, urls: readonly string[] | undefined): string[] {
  if (urls !== undefined) {
    if (service !== undefined) throw new Failure('give --service or --url, not both')
    return urls.map((url) => httpOrigin('--url', url))
  }
  if (service === undefined || service === 'all') return Object.values(defaultUrls)
  const url = Object.hasOwn(defaultUrls, service) ? defaultUrls[service] : undefined
  if (url !== undefined) return [url]
  const names = Object.keys(defaultUrls).join(', ')
  throw new Failure(`--service: expected ${names} or all, received ${JSON.stringify(service)}`)
}

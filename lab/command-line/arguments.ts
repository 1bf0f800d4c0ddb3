import { Failure } from '../replay/failure.ts'

/** What `parse` makes of a command's options; throws a `Failure` of one line for what it does not know. */
export function inOneLine<Values>(parse: () => Values): Values {
  try {
    return parse()
  } catch (error) {
    throw new Failure(`${(error as Error).message.split(/\. |\.?\n/)[0]} (--help shows all)`)
  }
}

/** A whole number within bounds; throws a `Failure` that names the option. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new Failure(
    `${option}: expected a whole number from ${min} to ${max}, received ${JSON.stringify(text)}`,
  )
}

/** A number within bounds, with decimals or without; throws a `Failure` that names the option. */
export function decimal(option: string, text: string, min: number, max: number): number {
  const value = /^[0-9]{1,10}(\.[0-9]{1,10})?$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new Failure(
    `${option}: expected a number from ${min} to ${max}, received ${JSON.stringify(text)}`,
  )
}

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `30s` in milliseconds; throws a `Failure` that names the option. */
export function duration(option: string, text: string, maxMs: number): number {
  const [, number, unit = ''] = /^([0-9]{1,10})(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Number(number) * (unitsMs[unit] ?? Number.NaN)
  if (ms <= maxMs) return ms
  throw new Failure(
    `${option}: expected a duration such as 500ms, 30s or 5m, at most ${maxMs / 3_600_000}h, received ${JSON.stringify(text)}`,
  )
}

/** The origin of an address without a path; throws a `Failure` that names the option. */
export function httpOrigin(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && url.pathname === '/') return url.origin
  throw new Failure(
    `${option}: expected an address such as http://127.0.0.1:8001, received ${JSON.stringify(text)}`,
  )
}

/** Arguments without these options and their values: where somebody keeps an answer changes nothing of it. */
export function withoutOptions(args: readonly string[], options: readonly string[]): string[] {
  const takesNext = (arg: string | undefined) => arg !== undefined && options.includes(arg)
  return args.filter((arg, index) => {
    const [name = ''] = arg.split('=', 1)
    return !options.includes(name) && !takesNext(args[index - 1])
  })
}

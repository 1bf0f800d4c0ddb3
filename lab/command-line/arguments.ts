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

import { CacheError } from '../contract/errors.ts'

/** The slice of Standard Schema (https://standardschema.dev) that is used: Zod, Valibot, ArkType and others have it. */
export interface ValueSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>
  }
}

type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** The text that is stored for a value. Rejects what JSON cannot hold with `INVALID_VALUE`. */
export function encodeValue(value: unknown, key: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    throw new CacheError('INVALID_VALUE', `value of key ${String(key)} is not JSON`, { cause, key })
  }
  if (json === undefined) {
    throw new CacheError(
      'INVALID_VALUE',
      `value of key ${String(key)}: expected something that JSON can hold, received ${typeof value}`,
      { key },
    )
  }
  return json
}

/** The value as the schema returns it; rejects with `INVALID_VALUE` and the schema's first complaint. */
export async function checkValue(
  schema: ValueSchema,
  value: unknown,
  key: unknown,
): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const complaint = result.issues[0]?.message ?? 'no reason given'
  throw new CacheError('INVALID_VALUE', `value of key ${String(key)}: ${complaint}`, { key })
}

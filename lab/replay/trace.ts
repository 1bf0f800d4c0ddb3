import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { Failure } from './failure.ts'

/** The requested keys, in order of arrival. */
export interface Trace {
  readonly keys: readonly string[]
  readonly distinctKeys: number
}

/** Reads one key a line; blank lines do not count. A file that begins with gzip's mark is unpacked. */
export async function readTrace(file: string): Promise<Trace> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`--trace: cannot read ${JSON.stringify(file)} (${error.code})`)
  })
  const keys = unpack(bytes, file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (keys.length === 0) throw new Failure(`--trace: ${JSON.stringify(file)} holds no key`)
  return { keys, distinctKeys: new Set(keys).size }
}

function unpack(bytes: Buffer, file: string): string {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString()
  try {
    return gunzipSync(bytes).toString()
  } catch (error) {
    throw new Failure(
      `--trace: cannot unpack ${JSON.stringify(file)} (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}

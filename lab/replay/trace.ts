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
  return traceOf(await readTraceText(file), file)
}

/** The same of a text that was read from this file. */
export function traceOf(text: string, file: string): Trace {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (keys.length === 0) throw new Failure(`--trace: ${JSON.stringify(file)} holds no key`)
  return { keys, distinctKeys: new Set(keys).size }
}

/** The text of a file, plain or gzipped. */
export async function readTraceText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`--trace: cannot read ${JSON.stringify(file)} (${error.code})`)
  })
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString()
  try {
    return gunzipSync(bytes).toString()
  } catch (error) {
    throw new Failure(
      `--trace: cannot unpack ${JSON.stringify(file)} (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}

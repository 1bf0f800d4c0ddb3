import { writeFile } from 'node:fs/promises'
import { thisMachine } from '../bench/machine.ts'
import { Failure } from '../replay/failure.ts'
import { readArguments, usage } from './arguments.ts'
import { loadCommand } from './load-command.ts'
import { page } from './page.ts'
import { report } from './report.ts'

try {
  const args = process.argv.slice(2)
  const options = readArguments(args)
  if (options === undefined) console.log(usage)
  else {
    const load = await loadCommand(options, thisMachine('load', args))
    console.log(report(load))
    if (options.json !== undefined) await save(options.json, `${JSON.stringify(load, null, 1)}\n`)
    if (options.html !== undefined) await save(options.html, page(load))
    if (load.answered === 0) throw new Failure('Nothing was answered.')
  }
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 1
}

async function save(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`cannot write ${JSON.stringify(file)} (${error.code})`)
  })
}

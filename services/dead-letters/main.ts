import { readAdminToken } from '../environment.ts'
import { runCommand } from './command.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  token: readAdminToken,
  print: (text) => console.log(text),
  complain: (line) => console.error(line),
})

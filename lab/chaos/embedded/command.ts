import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { thisMachine } from '../../bench/machine.ts'
import { inOneLine, wholeNumber } from '../../command-line/arguments.ts'
import { killEmbedded } from './kill.ts'

export const usage = `npm run chaos -- --embedded [options]

Write-behind with an embedded database and a journal in a file, killed again and again while clients write.

  --kills N        times (default 20)
  --clients N      clients, each with one request under way, 1 to 256 (default 32)
  --seed N         the same requests and moments for the same number (default 1)
  --fsync POLICY   always, everysec (default) or no: a kill may cost nothing with any
  --json FILE      the result as JSON, into a file

Exits 1 when an acknowledged write was lost.`

const options = {
  embedded: { type: 'boolean' },
  kills: { type: 'string', default: '20' },
  clients: { type: 'string', default: '32' },
  seed: { type: 'string', default: '1' },
  fsync: { type: 'string', default: 'everysec' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

/** `npm run chaos -- --embedded`: resolves to the exit code. */
export async function embeddedChaos(args: readonly string[]): Promise<number> {
  const values = inOneLine(() => parseArgs({ args: [...args], options }).values)
  if (values.help) {
    console.log(usage)
    return 0
  }
  const what = {
    kills: wholeNumber('--kills', values.kills, 1, 10_000),
    clients: wholeNumber('--clients', values.clients, 1, 256),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    fsync: values.fsync,
    lifeMs: 2_500,
  }
  const about = { ...thisMachine('chaos', args), ...what }
  console.log(`${about.date} | Node ${about.node} | ${about.cpu}, ${about.cpus} cores`)
  const dataDir = await mkdtemp(join(tmpdir(), 'chaos-embedded-'))
  const workspace = resolve(import.meta.dirname, '../../../..')
  try {
    let kill = 0
    const result = await killEmbedded({
      ...{ ...what, dataDir, workspace },
      onLife({ writes, deletes, unknown, refused, checked, lost, dirty, journalBytes }) {
        kill += 1
        console.log(
          `kill ${String(kill).padStart(3)}: ${writes + deletes} acknowledged (${deletes} deletes), ` +
            `${unknown} unknown, ${refused} refused; ${dirty} users not flushed, journal of ${journalBytes} bytes; ` +
            `after the start ${checked} users read, ${lost.length} wrong`,
        )
      },
    })
    const { writes, deletes, checked, lost, inDatabase } = result
    for (const each of lost.slice(0, 20)) console.log(`  ${each}`)
    console.log(
      `\n${result.kills} kills, ${writes + deletes} acknowledged writes (${deletes} deletes), ` +
        `${checked} reads after them, ${inDatabase} of the database alone: ${lost.length} lost`,
    )
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify({ ...about, ...result }, null, 2)}\n`)
    }
    return lost.length === 0 ? 0 : 1
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

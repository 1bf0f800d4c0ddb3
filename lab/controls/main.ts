import { Failure } from '../replay/failure.ts'
import { controlApp } from './app.ts'
import { openCache } from './cache.ts'
import { type Control, type ControlName, controlNames } from './control.ts'
import { type CountedDatabase, countingStatements } from './counting.ts'
import { openDatabase } from './database.ts'
import { type ControlEnvironment, readControlEnvironment } from './environment.ts'
import { naive } from './naive.ts'
import { naiveWriteBehind } from './naive-write-behind.ts'
import { noCache } from './no-cache.ts'
import { tableSetup, UsersTable } from './users-table.ts'

try {
  await main(process.argv[2], readControlEnvironment())
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exit(1)
}

async function main(given: string | undefined, environment: ControlEnvironment): Promise<void> {
  const name = controlNames.find((each) => each === given)
  if (name === undefined) {
    throw new Failure(`expected ${controlNames.join(', ')}, received ${JSON.stringify(given)}`)
  }
  const setup = tableSetup(schemaOf(name), environment.seedUsers)
  const database = countingStatements(await openDatabase(environment, setup))
  const app = controlApp(name, await open(name, database, environment), {
    logLevel: environment.logLevel,
    statements: () => database.statements,
  })
  console.log(`${name}  ${await app.listen({ host: '127.0.0.1', port: environment.port })} `)
}

async function open(
  name: ControlName,
  database: CountedDatabase,
  environment: ControlEnvironment,
): Promise<Control> {
  const table = new UsersTable(database, schemaOf(name))
  if (name === 'no-cache') return noCache(table)
  const cache = await openCache(environment)
  const { cacheTtlMs: ttlMs, writeDelayMs: delayMs, seedUsers } = environment
  if (name === 'naive') return naive({ table, cache, ttlMs })
  return naiveWriteBehind({ table, cache, ttlMs, delayMs, seedUsers })
}

/** As the services name theirs. */
function schemaOf(name: ControlName): string {
  return name.replaceAll('-', '_')
}

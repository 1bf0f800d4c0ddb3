import { type LocalPostgres, startPostgres } from '@caching-patterns/local-servers'
import type { Statement } from '../controls/database.ts'
import { ask, createLabUser, labPool } from './lab-database.ts'

/** A PostgreSQL that says how many statements it was sent. */
export interface CountingPostgres {
  readonly postgres: LocalPostgres
  /** In this database, whoever sent them but the lab; undefined where PostgreSQL comes without `pg_stat_statements`. */
  readonly statementsIn: ((database: string) => Promise<number>) | undefined
  stop(): Promise<void>
}

/** It comes with PostgreSQL, on some systems in a package of its own. Of utility statements it would count BEGIN and COMMIT, too. */
const extension = 'pg_stat_statements'
const settings = { [`${extension}.track_utility`]: 'off', [`${extension}.save`]: 'off' }

/** Starts one whose commits wait for its disk. What it counted is lost when it is killed. `library`: what counts. */
export async function startCountingPostgres(library = extension): Promise<CountingPostgres> {
  const { postgres, isCounting } = await startThatCounts(library)
  const pool = labPool(postgres.url)
  try {
    await createLabUser(postgres.url)
    if (isCounting) await ask(postgres.url, `create extension ${extension}`)
  } catch (error) {
    await postgres.stop()
    throw error
  }
  return {
    postgres,
    statementsIn: !isCounting
      ? undefined
      : async (database) => {
          const { rows } = await pool.query<{ calls: number }>({ ...callsIn, values: [database] })
          return rows[0]?.calls ?? 0
        },
    async stop() {
      await pool.end()
      await postgres.stop()
    },
  }
}

/** Without their texts, which are in a file. */
const callsIn: Statement = {
  name: 'calls',
  text: `select coalesce(sum(calls), 0)::float8 as calls from ${extension}(false)
    where dbid = (select oid from pg_database where datname = $1)
      and userid <> (select oid from pg_roles where rolname = current_user)`,
}

async function startThatCounts(library: string) {
  const counting = { shared_preload_libraries: library, ...settings }
  try {
    return {
      postgres: await startPostgres({ durable: true, settings: counting }),
      isCounting: true,
    }
  } catch (error) {
    // In its last words PostgreSQL names the file that is not there.
    if (!String(error).includes(library)) throw error
    return { postgres: await startPostgres({ durable: true }), isCounting: false }
  }
}

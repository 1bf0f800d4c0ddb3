import { createHash } from 'node:crypto'

/** A Lua script, known to the server by its hash. */
export interface Script {
  readonly name: string
  readonly lua: string
  readonly sha: string
}

/** Names a script; its hash is computed once. */
export function script(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** A call of a script. All `keys` share one slot. */
export type ScriptCall = readonly [script: Script, keys: readonly string[], args: readonly string[]]

/** Runs scripts on the server that holds their keys. Keys are complete: nothing is added to them. */
export interface ScriptRunner {
  /** The server's clock, in epoch milliseconds, as far as this process knows it. */
  now(): number
  /** One execution at most: a call that was sent and not answered rejects, and is not sent again. All `keys` share one slot. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /**
   * Each of them as `run` does, of any slots, the answers in their order. Rejects as the first one does that fails. One server
   * executes them in one transaction if it can, and so brings its log to the disk once for all of them.
   */
  runTogether(calls: readonly ScriptCall[]): Promise<readonly unknown[]>
  /** In the order of `keys`, which share one slot; an absent key is `null`. */
  mGet(keys: readonly string[]): Promise<readonly (string | null)[]>
}

import { spawnSync } from 'node:child_process'

/**
 * Tests that start processes run `dist`: brought up to date once, before the first test. Type errors
 * are shown and do not stop the run, since files are emitted all the same; `npm test` refuses them earlier.
 */
export function setup(): void {
  const tsc = ['node_modules/typescript/bin/tsc', '-b', 'services', 'lab']
  const build = spawnSync(process.execPath, tsc, { cwd: import.meta.dirname, encoding: 'utf8' })
  if (build.error) throw build.error
  if (build.status !== 0) process.stderr.write(`${build.stdout}${build.stderr}`)
}

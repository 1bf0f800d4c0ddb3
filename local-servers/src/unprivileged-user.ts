import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Whom a process runs as. */
export interface User {
  readonly uid: number
  readonly gid: number
}

/** For programs that refuse to run as root: `postgres` or `nobody`; `undefined` for whoever is not root. */
export async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const user = await userNamed(name)
    if (user) return user
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no user postgres or nobody')
}

async function userNamed(name: string): Promise<User | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => id(option, name)))
    return uid === undefined || gid === undefined ? undefined : { uid, gid }
  } catch {
    return undefined
  }
}

async function id(option: string, name: string): Promise<number> {
  return Number((await promisify(execFile)('id', [option, name])).stdout)
}

import { randomUUID } from 'node:crypto'
import type { Operation } from '../workloads/operation.ts'

/** What an operation is on the wire. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** Undefined: none is sent. */
  readonly body: string | undefined
  /** In the body; undefined: there is none. */
  readonly name: string | undefined
}

const longestName = 200
const date = '2020-01-01T00:00:00.000Z'

/** Makes requests of operations. No two writes send the same name, whoever else sends some. */
export function requestMaker(): (operation: Operation) => LoadRequest {
  const run = randomUUID().slice(0, 8)
  let serial = 0
  const write = (operation: Operation, path: string, owner?: string) => {
    serial += 1
    const own = `${run}.${serial.toString(36)}`
    const user = { name: own, email: `${owner ?? own}@example.com` }
    const name = padded(own, operation.bytes - jsonLength(operation.key, user) + own.length)
    const method = owner === undefined ? ('POST' as const) : ('PUT' as const)
    return { method, path, name, body: JSON.stringify({ ...user, name }) }
  }
  return (operation) => {
    const path = `/users/${operation.key}`
    switch (operation.kind) {
      case 'get':
        return { method: 'GET', path, body: undefined, name: undefined }
      case 'delete':
        return { method: 'DELETE', path, body: undefined, name: undefined }
      case 'put':
        return write(operation, path, `user${operation.key}`)
      case 'post':
        return write(operation, '/users')
    }
  }
}

function jsonLength(id: number, user: { readonly name: string; readonly email: string }): number {
  return JSON.stringify({ id, ...user, createdAt: date, updatedAt: date }).length
}

/** The name made `bytes` long; beyond the letters that it may have, by letters of two bytes. */
function padded(name: string, bytes: number): string {
  if (bytes <= longestName) return name.padEnd(bytes, 'x')
  const long = Math.min(bytes - longestName, longestName - name.length)
  return name.padEnd(longestName - long, 'x') + 'é'.repeat(long)
}

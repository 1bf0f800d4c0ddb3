import { resolve } from 'node:path'

/** A file that is kept in this folder: compiled code lies elsewhere. */
export function workloadFile(name: string): string {
  const folder = import.meta.filename.endsWith('.ts') ? '.' : '../../workloads'
  return resolve(import.meta.dirname, folder, name)
}

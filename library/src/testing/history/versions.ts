import type { KeyHistory } from './key-history.ts'
import type { HistoryOperation, HistoryViolation } from './operation.ts'

/** What a version holds, and who wrote it: nobody of this history at first. */
interface Written {
  readonly value?: string | null
  readonly operation?: HistoryOperation
}

/** Versions that nobody wrote, values that are not those of their versions, versions that were given twice. */
export function judgeVersions({ key, initial, reads, versioned }: KeyHistory): HistoryViolation[] {
  const violations: HistoryViolation[] = []
  const values = new Map<number, Written>()
  if (initial !== undefined) values.set(initial.version, initial)
  for (const { write, version } of versioned) {
    const written = values.get(version)
    const { value } = write
    if (written === undefined || isUnknown(written.operation)) {
      values.set(version, { ...(value !== undefined && { value }), operation: write })
    } else if (!isUnknown(write)) {
      const message = `${key}: version ${version} was given to two writes`
      const against = written.operation && { against: written.operation }
      violations.push({ key, reason: 'version-order', operation: write, ...against, message })
    }
  }
  for (const read of reads) {
    const { version, value } = read
    if (version === null) continue
    const written = values.get(version)
    const common = {
      key,
      operation: read,
      ...(written?.operation && { against: written.operation }),
    }
    if (written === undefined) {
      const message = `${key}: a read shows version ${version}, which nobody wrote`
      violations.push({ ...common, reason: 'unwritten-version', message })
    } else if (!fits(value, written.value)) {
      const message = `${key}: a read shows version ${version} as ${show(value)}, written was ${show(written.value)}`
      violations.push({ ...common, reason: 'value-mismatch', message })
    }
  }
  return violations
}

function fits(read: string | undefined, written: string | null | undefined): boolean {
  // A delete has a version that no value can have.
  if (written === null) return false
  return read === undefined || written === undefined || read === written
}

/** Of such writes several may name one version: nobody knows which of them wrote it. */
function isUnknown(operation: HistoryOperation | undefined): boolean {
  return operation?.kind === 'write' && operation.outcome === 'unknown'
}

function show(value: string | null | undefined): string {
  return value === null ? 'a delete' : JSON.stringify(value ?? 'anything')
}

/** What a request does, by the method that it is sent with. */
export type OperationKind = 'get' | 'post' | 'put' | 'delete'

export const operationKinds: readonly OperationKind[] = ['get', 'post', 'put', 'delete']

/** One request of a workload. */
export interface Operation {
  readonly kind: OperationKind
  /** A user, from 1. Of a `post` it says nothing: the service draws the id. */
  readonly key: number
  /** How long the JSON of the value is that a write sends; 0: as long as it happens to be. */
  readonly bytes: number
}

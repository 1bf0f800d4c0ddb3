/** A user as a control keeps it. */
export interface ControlUser {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly createdAt: string
  readonly updatedAt: string
  /** What its `ETag` says; no part of what a client sees as the user. */
  readonly version: number
}

/** What a client sends. */
export interface UserDraft {
  readonly name: string
  readonly email: string
}

/** `miss`: loaded, and not stored. `stored`: loaded and stored. */
export interface ControlRead {
  readonly user: ControlUser | undefined
  readonly from: 'hit' | 'miss' | 'stored' | 'bypass'
}

/** What a control does behind the routes that the services have, too. */
export interface Control {
  /** What a write that was done is called. */
  readonly writeStatus: 'confirmed' | 'accepted'
  read(id: number): Promise<ControlRead>
  create(draft: UserDraft): Promise<ControlUser>
  /** Undefined: there is no such user. */
  update(id: number, draft: UserDraft): Promise<ControlUser | undefined>
  /** Whether there was one. */
  remove(id: number): Promise<boolean>
  /** Empties the cache, of no write that waits. */
  clear(): Promise<void>
  /** What waits for the database, of a control that lets writes wait. */
  queue?(): Promise<QueueFigures>
}

export interface QueueFigures {
  readonly waiting: number
  /** Something was taken out by this process, or may have been, and is not written yet. */
  readonly isFlushing: boolean
}

export const controlNames = ['no-cache', 'naive', 'naive-write-behind'] as const
export type ControlName = (typeof controlNames)[number]

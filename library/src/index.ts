export type { Awaitable } from './contract/awaitable.ts'
export type {
  Cache,
  CacheAside,
  CacheControl,
  CacheReader,
  CacheWriter,
  CreateOptions,
  CreateResult,
  DeadLetter,
  DurabilityOptions,
  Duration,
  FillOptions,
  JournaledCache,
  LoadContext,
  Lookup,
  LookupStatus,
  ReadManyOptions,
  ReadOptions,
  Slot,
  WriteOptions,
  WriteResult,
  WriteStatus,
} from './contract/cache.ts'
export type { Clock } from './contract/clock.ts'
export type {
  Content,
  EntryStamp,
  LeaseState,
  NegativeEntry,
  PendingState,
  StoredState,
  ValueEntry,
  Version,
} from './contract/entry.ts'
export {
  CacheError,
  type CacheErrorDetails,
  type ErrorCode,
  errorCodes,
  hasCode,
  InvalidArgumentError,
  outcomeUnknown,
  StoreRefusedError,
  writeTimeout,
} from './contract/errors.ts'
export type { BackgroundReason, CacheEvent, EventListener } from './contract/events.ts'
export type {
  AckResult,
  AckTerms,
  ClaimScope,
  DirtyEntry,
  EnqueueRequest,
  EnqueueResult,
  FlushedEntry,
  Journal,
  JournalFigures,
  JournalingStore,
  JournalLimits,
  Ownership,
  Precondition,
  Progress,
  Reservation,
  ReserveTerms,
  RetryRequest,
  RetryResult,
  StoredDeadLetter,
} from './contract/journal.ts'
export type { Jsonify } from './contract/json.ts'
export type {
  Change,
  DeleteOutcome,
  Expectation,
  FlushableSource,
  FlushContext,
  FlushFailure,
  FlushFence,
  FlushOutcome,
  FlushRow,
  Row,
  Source,
  SourceContext,
  VersionedSource,
  WriteContext,
  WriteOutcome,
} from './contract/source.ts'
export type { CacheStats, LatencyFigures } from './contract/stats.ts'
export type { EndResult, Store } from './contract/store.ts'
export type { ValueSchema } from './mechanisms/codec.ts'
export { createCache } from './patterns/create-cache.ts'
export type {
  BaseOptions,
  CacheAsideOptions,
  CacheOptions,
  ReadPolicy,
  ReadThroughPolicy,
  RefreshAheadPolicy,
  WriteAroundPolicy,
  WriteBehindOptions,
  WriteBehindPolicy,
  WritePolicy,
  WriteThroughOptions,
  WriteThroughPolicy,
} from './patterns/options.ts'
export {
  cacheAside,
  cached,
  readThrough,
  refreshAhead,
  writeBehind,
  writeThrough,
} from './patterns/presets.ts'

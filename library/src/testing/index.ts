export {
  type Counterexample,
  type Exploration,
  type ExploreOptions,
  explore,
  type Walked,
  type WalkOptions,
  walk,
} from './explorer/explore.ts'
export { asideOperations, cacheOperations } from './explorer/operations.ts'
export { type Replay, replay } from './explorer/play.ts'
export type {
  ActorScript,
  ExploredRow,
  Faults,
  Operation,
  OperationContext,
  Ports,
  ProcessScript,
  ReadAnswer,
  Scenario,
  WriteAnswer,
} from './explorer/scenario.ts'
export type { Violation } from './explorer/world.ts'
export { type CountingSourceOptions, type Counts, countingSource } from './fakes/counting-source.ts'
export { delayedStore } from './fakes/delayed-store.ts'
export {
  type FailureMode,
  type Failures,
  failingStore,
  StoreFailure,
} from './fakes/failing-store.ts'
export type { HeldCall, HeldCalls } from './fakes/held-calls.ts'
export { slowSource } from './fakes/slow-source.ts'
export type {
  HistoryOperation,
  HistoryRead,
  HistoryViolation,
  HistoryViolationReason,
  HistoryWrite,
  InitialVersions,
} from './history/operation.ts'
export { checkHistory, type HistoryReport } from './history.ts'
export { journalContract } from './journal-contract.ts'
export { type ManualClock, manualClock, settle } from './manual-clock.ts'
export {
  type ContractValue,
  type SourceContractOptions,
  type SourceSubject,
  sourceContract,
  versionedSourceContract,
} from './source-contract.ts'
export { storeContract } from './store-contract.ts'
export type { ContractCase, Harness, SuiteOptions } from './suite.ts'

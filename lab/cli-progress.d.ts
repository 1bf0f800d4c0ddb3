/** The part of cli-progress that the lab uses; the package ships no types. */
declare module 'cli-progress' {
  /** What the format names beside figures of its own. */
  type Payload = Readonly<Record<string, string>>
  interface Bar {
    start(total: number, startValue: number, payload: Payload): void
    update(value: number, payload: Payload): void
    stop(): void
  }
  interface Options {
    readonly format: string
    readonly stream: NodeJS.WriteStream
    readonly hideCursor: boolean
    readonly clearOnComplete: boolean
  }
  type Preset = { readonly barCompleteChar: string; readonly barIncompleteChar: string }
  export const SingleBar: new (options: Options, preset: Preset) => Bar
  export const Presets: { readonly shades_classic: Preset }
}

/** One call of a wrapped object's method. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  /** Calls the wrapped object's own method. */
  execute(): unknown
}

/** `target`, with every call of the methods that `isWrapped` names answered by `around` instead. */
export function intercepted<Target extends object>(
  target: Target,
  isWrapped: (method: string) => boolean,
  around: (call: Call) => unknown,
): Target {
  return new Proxy(target, {
    get(_, property) {
      const member: unknown = Reflect.get(target, property)
      if (typeof member !== 'function') return member
      const execute = (args: readonly unknown[]): unknown => Reflect.apply(member, target, args)
      const method = String(property)
      if (!isWrapped(method)) return (...args: unknown[]) => execute(args)
      return (...args: unknown[]) => around({ method, args, execute: () => execute(args) })
    },
  })
}

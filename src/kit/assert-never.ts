/** Ends an exhaustive switch: the compiler refuses a call that can be reached, and a value that should not exist throws. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}

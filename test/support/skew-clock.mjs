// Loaded with --import into a process under test: its wall clock runs TEST_CLOCK_SKEW_MS ahead (or behind, when negative).
const skewMs = Number(process.env.TEST_CLOCK_SKEW_MS ?? 0);
const TrueDate = Date;
globalThis.Date = new Proxy(TrueDate, {
  construct: (target, values, newTarget) =>
    Reflect.construct(target, values.length === 0 ? [target.now() + skewMs] : values, newTarget),
  get: (target, key, receiver) => (key === 'now' ? () => target.now() + skewMs : Reflect.get(target, key, receiver)),
});

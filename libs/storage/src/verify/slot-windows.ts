/** A time range that is looked at in one statement. */
export interface SlotWindow {
  /** UNIX seconds, inclusive. */
  readonly fromSlot: number;
  /** Exclusive. */
  readonly toSlot: number;
}

/** How many rows a schedule brings forth, and when. */
export interface RowRate {
  readonly fromSlot: number;
  /** Exclusive. */
  readonly toSlot: number;
  readonly rowsPerSecond: number;
}

/** Far enough on both sides to see rows whose slot makes no sense. */
const WHOLE_AXIS: SlotWindow = { fromSlot: -Number.MAX_SAFE_INTEGER, toSlot: Number.MAX_SAFE_INTEGER };

/**
 * Cuts the whole axis of time into ranges of about as many rows each, so that time and memory of one statement stay
 * bounded however many prices there are. The ranges follow one another without a hole.
 */
export function* cutIntoWindows(rates: readonly RowRate[], rowsPerWindow: number): Generator<SlotWindow> {
  const steps = rates
    .flatMap(({ fromSlot, toSlot, rowsPerSecond }) => [
      { at: fromSlot, change: rowsPerSecond },
      { at: toSlot, change: -rowsPerSecond },
    ])
    .sort((left, right) => left.at - right.at);
  let start = WHOLE_AXIS.fromSlot;
  let at = WHOLE_AXIS.fromSlot;
  let rowsPerSecond = 0;
  let room = rowsPerWindow;
  for (const step of [...steps, { at: WHOLE_AXIS.toSlot, change: 0 }]) {
    while (rowsPerSecond > 0 && (step.at - at) * rowsPerSecond > room) {
      at += Math.min(step.at - at, Math.max(1, Math.floor(room / rowsPerSecond)));
      yield { fromSlot: start, toSlot: at };
      start = at;
      room = rowsPerWindow;
    }
    room -= (step.at - at) * rowsPerSecond;
    at = step.at;
    // Sums of fractions leave a rest of rounding where the last schedule ends.
    rowsPerSecond = Math.max(0, rowsPerSecond + step.change);
    if (rowsPerSecond < 1e-9) rowsPerSecond = 0;
  }
  yield { fromSlot: start, toSlot: WHOLE_AXIS.toSlot };
}

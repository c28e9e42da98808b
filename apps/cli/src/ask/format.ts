/** A time for a person: `2025-12-17 19:33:20`, UTC. @param seconds UNIX seconds; null and what is no time is `-`. */
export function timeOf(seconds: number | null): string {
  const time = new Date(seconds === null ? NaN : seconds * 1000);
  return Number.isNaN(time.getTime())
    ? '-'
    : time
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, '');
}

/** The end of a range that began: without the day, when that is the same. */
export function endOf(from: number, to: number): string {
  const [start, end] = [timeOf(from), timeOf(to)];
  return start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end;
}

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** How long something is, in its largest unit: `3.6 s`, `12 min`, `5 d`. */
export function spanOf(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1).replace('.0', '')} s`;
  const [length, unit] = UNITS.find(([unitSeconds]) => seconds >= unitSeconds) ?? [1, 's'];
  return `${Math.floor(seconds / length)} ${unit}`;
}

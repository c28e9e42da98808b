/**
 * Waits for work to end, but no longer than `ms` milliseconds: what waits for a store that is away must not keep a process
 * from ending. Nobody hears of what the work throws after that.
 * @returns whether it ended in time. @throws what the work throws in time.
 */
export async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long to wait before the next attempt: full jitter, from one second up to a minute. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(random() * ceiling);
}

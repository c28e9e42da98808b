import type { Fault } from './finding.js';

/** A price or a sample that was judged again, and is not as it would be today. */
export interface JudgedAgain {
  readonly ticker: string;
  readonly slot: number;
  /** What is wrong with it. */
  readonly fault: Fault;
  /** It was corrected since, or stored by other rules or in another order: what is stored does not decide whether it is wrong. */
  readonly isUnproven: boolean;
}

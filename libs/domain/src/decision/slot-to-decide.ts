import type { Outcome, SampleReason } from '../reason.js';
import type { Rule } from '../schedule.js';
import type { StillSource } from './frozen.js';
import type { Rate } from './quoted-price.js';
import type { RuleOptions } from './rule-options.js';

/** A slot of one ticker, as far as it is known now. */
export interface SlotToDecide {
  /** UNIX second. */
  readonly slot: number;
  /** UNIX second at which the window ends. */
  readonly deadline: number;
  readonly rule: Rule;
  readonly ruleOptions: RuleOptions;
  /** The slot has its price, or the rule has refused one: samples are still judged, and the price stays. */
  readonly isDecided: boolean;
  /** Its pair is meant to keep its price. */
  readonly isPegged: boolean;
  /** The newest price before the slot; undefined when there is none. */
  readonly last: LastPrice | undefined;
  /** Its sources, in order of preference. */
  readonly sources: readonly SlotSource[];
}

/** The last price before a slot, with what its sources reported then. */
export interface LastPrice {
  readonly slot: number;
  readonly price: string;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags: number;
  /** Prices of that slot: the accepted ones, and those that were rejected as jumps. */
  readonly reported: readonly string[];
}

/** One source of a slot. */
export interface SlotSource {
  readonly sourceId: number;
  readonly source: string;
  /** Place in the order of preference. */
  readonly position: number;
  /** How often it is asked. */
  readonly intervalSeconds: number;
  /** Called only when the sources before it have failed. */
  readonly isStandby: boolean;
  /** Whether it is called in this slot; always true of one that is no standby. */
  readonly isAsked: boolean;
  /** Undefined while it has not reported. */
  readonly sample: SlotSample | undefined;
  /** Defined when it has reported nothing but the text of its sample for long enough to be frozen. */
  readonly still?: StillSource | undefined;
}

/** What a source reported, as it is stored. */
export interface SlotSample {
  readonly outcome: Outcome;
  /** Undefined exactly when accepted. */
  readonly reason: SampleReason | undefined;
  /** Defined exactly when accepted. */
  readonly price: string | undefined;
  /** The price's text on the wire. */
  readonly raw: string | undefined;
  /** The text on the wire is units of the base for one unit of the quote. */
  readonly isInverted: boolean;
  /** What the text on the wire was converted at. */
  readonly rate: Rate | undefined;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags: number;
  readonly observedAt: Date | undefined;
  /** The time that the source names. */
  readonly sourceTime: Date | undefined;
  /** Stored just now: nothing that was decided rests on it yet. */
  readonly isFresh: boolean;
  /** Of a sample that is rejected as `no_conversion_rate`: the price that converts it, once that is decided. */
  readonly rateFound: Rate | undefined;
  /** UNIX second of the slot that it is the price of. */
  readonly rateSlot?: number | undefined;
  /** Of such a sample: the UNIX second until which that price may still come; undefined when it never will. */
  readonly rateDeadline: number | undefined;
}

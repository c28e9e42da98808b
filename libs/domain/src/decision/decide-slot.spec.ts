import {
  SLOT,
  WINDOW,
  OBSERVED,
  accepted,
  jump,
  waiting,
  STALE,
  FAILED,
  MISSED,
  OPEN,
  STANDBY,
  called,
  last,
  decided,
  check,
  jumpedBefore,
} from '../../../../test/builders/slots-to-decide.js';
import { flagBits } from '../flags.js';
import { MEDIAN_SOURCE_ID } from './decide-slot.js';

describe('rule priority', () => {
  check({
    'serves the first source': { sources: [accepted('100'), accepted('101')], says: 'price 100 of 1' },
    'does not wait for those after the first': { sources: [accepted('100'), OPEN], says: 'price 100 of 1' },
    'waits for a better source': { sources: [OPEN, accepted('100')], says: '' },
    'waits to the last second of the window': { sources: [OPEN, accepted('100')], at: 14, says: '' },
    'waits no longer when the window has ended': { sources: [OPEN, accepted('100')], at: 15, says: 'price 100 of 2' },
    'serves the next when the first failed': { sources: [FAILED, accepted('100')], says: 'price 100 of 2' },
    'serves the next when the first was missed': { sources: [MISSED, accepted('100')], says: 'price 100 of 2' },
    'serves the next when the first was rejected': { sources: [STALE, accepted('100')], says: 'price 100 of 2' },
    'has no price when nobody was accepted': { sources: [FAILED, STALE, MISSED], says: '' },
    'has no price when nobody reported': { sources: [OPEN, OPEN], at: 60, says: '' },
    'does not change a slot that is decided': {
      ...{ sources: [FAILED, accepted('100')], slot: { isDecided: true }, says: '' },
    },
  });

  test('serves the digits, the flags and the time of the sample', () => {
    const { price } = decided({ sources: [accepted('100.0', { flags: flagBits(['derived']) })] });
    expect(price).toEqual({
      ...{
        sourceId: 1,
        price: '100.0',
        uncertainty: undefined,
        flags: flagBits(['derived']),
        observedAt: OBSERVED,
        consensus: undefined,
      },
    });
  });
});

describe('a standby source', () => {
  const near = last('100');
  check({
    'is not called while the first is open': { sources: [OPEN, STANDBY], says: '' },
    'is not called when the first was accepted': { sources: [accepted('100'), STANDBY], says: 'price 100 of 1' },
    'is called when the first failed': { sources: [FAILED, STANDBY, STANDBY], says: 'call 2' },
    'is called when the first was missed': { sources: [MISSED, STANDBY], says: 'call 2' },
    'is called when the first was rejected': { sources: [STALE, STANDBY], says: 'call 2' },
    'is waited for when it is called': { sources: [FAILED, called(OPEN), STANDBY], says: '' },
    'is served': { sources: [FAILED, called(accepted('100')), STANDBY], says: 'price 100 of 2' },
    'is followed by the next': { sources: [FAILED, called(FAILED), STANDBY], says: 'call 3' },
    'is called two seconds before the end of the window': { sources: [FAILED, STANDBY], at: 13, says: 'call 2' },
    'is not called later': { sources: [FAILED, STANDBY], at: 14, says: '' },
    'is not called for a slot that is decided': {
      ...{ sources: [FAILED, STANDBY], slot: { isDecided: true }, says: '' },
    },
    'is not called while a sample waits for its rate': {
      ...{ sources: [waiting('80', { rateDeadline: SLOT + WINDOW }), STANDBY], says: 'waiting' },
    },
    'is called to confirm a jump, or to deny it': {
      ...{ sources: [accepted('130'), STANDBY], slot: { last: near }, says: 'call 2, 1 rejected jump' },
    },
    'is asked before a jump is believed for persisting': {
      ...{ sources: [jump('130'), STANDBY], slot: { last: near }, histories: jumpedBefore({ 1: ['130', '130'] }) },
      says: 'call 2',
    },
    'is called by rule median until there are samples enough': {
      ...{ sources: [accepted('100'), STANDBY, STANDBY], slot: { rule: 'median' }, says: 'call 2' },
    },
    'is not called by rule median when there are': {
      sources: [accepted('100'), called(accepted('101')), STANDBY],
      slot: { rule: 'median' },
      says: 'price 100.5 of median',
    },
  });
});

describe('rule median', () => {
  const median = { rule: 'median' } as const;
  check({
    'takes the middle': {
      ...{ sources: [accepted('100.2'), accepted('100.1'), accepted('100.3')], slot: median },
      says: 'price 100.2 of median',
    },
    'waits for every source': { sources: [accepted('100'), accepted('100'), OPEN], slot: median, says: '' },
    'waits for nobody at the end of the window': {
      ...{ sources: [accepted('100'), accepted('100'), OPEN], slot: median, at: 15, says: 'price 100 of median' },
    },
    'waits for a rate': {
      sources: [accepted('100'), accepted('100'), waiting('1', { rateDeadline: SLOT + WINDOW })],
      ...{ slot: median, at: 16, says: 'waiting' },
    },
    'refuses with too few': {
      ...{ sources: [accepted('100'), FAILED], slot: median, says: 'refused no_quorum' },
    },
    'refuses those that lie too far apart': {
      ...{ sources: [accepted('100'), accepted('104')], slot: median, says: 'refused disagreement' },
    },
    'does not refuse while a source owes its outcome, also after the window': {
      ...{ sources: [accepted('100'), OPEN], slot: median, at: 300, says: '' },
    },
    'does not wait with a refusal for a standby source that was not called': {
      ...{ sources: [accepted('100'), STANDBY], slot: median, at: 14, says: 'refused no_quorum' },
    },
    'counts a converted sample': {
      sources: [accepted('100'), waiting('200.000', { rateFound: { price: '0.50100' } })],
      ...{ slot: median, says: 'price 100.1 of median, 2 accepted 100.200' },
    },
    'does not count what cannot be converted': {
      sources: [accepted('100'), accepted('100'), waiting('1', { rateFound: { price: '1e-99999' } })],
      ...{ slot: median, says: 'price 100 of median, 3 rejected not_a_decimal' },
    },
    'has the limits of the ticker': {
      sources: [accepted('100'), FAILED],
      slot: { ...median, ruleOptions: { median: { minimum_sources: 1 } } },
      says: 'price 100 of median',
    },
    'a refused slot stays refused': {
      ...{ sources: [accepted('100'), accepted('100')], slot: { ...median, isDecided: true }, says: '' },
    },
  });

  test('says how it came about', () => {
    const later = new Date(OBSERVED.getTime() + 100);
    const { price } = decided({
      sources: [
        accepted('100.2'),
        accepted('100.1', { observedAt: later }),
        accepted('130'),
        FAILED,
        accepted('100.3', { observedAt: undefined }),
        waiting('7', { rateFound: { price: '1e-99999' } }),
        OPEN,
        STANDBY,
      ],
      slot: median,
      at: 15,
      histories: new Map(),
    });
    expect(price).toEqual({
      ...{ sourceId: MEDIAN_SOURCE_ID, price: '100.2', uncertainty: undefined, flags: 0, observedAt: later },
      consensus: {
        ...{ sources: 3, spread: '0.001996', used: ['source-2', 'source-1', 'source-5'] },
        left_out: [
          { source: 'source-3', price: '130', reason: 'jump' },
          { source: 'source-4', price: null, reason: 'timeout' },
          { source: 'source-6', price: null, reason: 'not_a_decimal' },
          { source: 'source-7', price: null, reason: 'not_reported' },
        ],
      },
    });
  });

  test('has no time when no observation has one', () => {
    const { price } = decided({
      sources: [accepted('1', { observedAt: undefined }), accepted('1', { observedAt: undefined })],
      slot: median,
    });
    expect(price).toMatchObject({ observedAt: undefined });
  });
});

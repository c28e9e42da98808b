import {
  SLOT,
  WINDOW,
  accepted,
  jump,
  waiting,
  OPEN,
  last,
  type Case,
  decided,
  check,
  jumpedBefore,
} from '../../../../test/builders/slots-to-decide.js';
import { flagBits } from '../flags.js';

describe('jumps', () => {
  const near = last('100');
  check({
    'within a tenth of the last price there is none': {
      ...{ sources: [accepted('109.9')], slot: { last: near }, says: 'price 109.9 of 1' },
    },
    'further away a source alone is not believed': {
      ...{ sources: [accepted('125')], slot: { last: near }, says: '1 rejected jump, needs histories' },
    },
    'a jump that stands as one is not revised again': {
      ...{ sources: [jump('125')], slot: { last: near }, says: 'needs histories' },
    },
    'histories are asked for once': {
      ...{ sources: [jump('125')], slot: { last: near }, histories: new Map(), says: '' },
    },
    'a source is believed alone when it has persisted in three observations': {
      ...{ sources: [jump('125')], slot: { last: near }, histories: jumpedBefore({ 1: ['125', '126'] }) },
      says: 'price 125 of 1, 1 accepted 125',
    },
    'not after two': {
      ...{ sources: [jump('125')], slot: { last: near }, histories: jumpedBefore({ 1: ['125'] }), says: '' },
    },
    'no histories are needed within half a minute of the last price': {
      ...{ sources: [jump('125')], slot: { last: last('100', { slot: SLOT - 29 }) }, says: '' },
    },
    'no histories are needed while another source may report': {
      ...{ sources: [jump('125'), OPEN], slot: { last: near }, says: '' },
    },
    'nor in a slot that is decided': {
      ...{ sources: [jump('125')], slot: { last: near, isDecided: true }, says: '' },
    },
    'a move that two report is believed, and the first of them after the fact': {
      ...{ sources: [jump('130'), accepted('130.2')], slot: { last: near } },
      says: 'price 130 of 1, 1 accepted 130',
    },
    'the second is not served while the first may be confirmed': {
      ...{ sources: [jump('130'), accepted('100'), OPEN], slot: { last: near }, says: '' },
    },
    'the second is served when the window has ended': {
      ...{ sources: [jump('130'), accepted('100'), OPEN], slot: { last: near }, at: 15 },
      says: 'price 100 of 2, needs histories',
    },
    'a source that stands still is rejected when two others report a move': {
      ...{ sources: [accepted('100'), accepted('130'), accepted('130')], slot: { last: near } },
      says: 'price 130 of 2, 1 rejected jump, needs histories',
    },
    'what was decided is bound: no rejection after it': {
      ...{ sources: [accepted('100'), accepted('130'), accepted('130')], slot: { last: near, isDecided: true } },
      says: '',
    },
    'but what is stored only now may still be rejected': {
      sources: [accepted('100'), accepted('160', { isFresh: true })],
      slot: { last: near, isDecided: true },
      says: '2 rejected jump',
    },
    'and what was rejected may still be confirmed': {
      ...{ sources: [accepted('100'), jump('130'), accepted('130', { isFresh: true })] },
      slot: { last: near, isDecided: true },
      says: '2 accepted 130',
    },
    'a last price that is too old is none': {
      ...{ sources: [accepted('125')], slot: { last: last('100', { slot: SLOT - 3601 }) }, says: 'price 125 of 1' },
    },
    'one of exactly an hour ago still is': {
      ...{ sources: [accepted('125')], slot: { last: last('100', { slot: SLOT - 3600 }) } },
      says: '1 rejected jump, needs histories',
    },
    'a last price that its own slot contradicts is none': {
      ...{ sources: [accepted('130')], slot: { last: last('100', { reported: ['100', '130', '130.2'] }) } },
      says: 'price 130 of 1',
    },
    'the limits of the ticker hold': {
      ...{ sources: [accepted('125')], slot: { last: near, ruleOptions: { checks: { jump_ratio: 0.25 } } } },
      says: 'price 125 of 1',
    },
    'a ticker may have no such check': {
      ...{ sources: [accepted('900')], slot: { last: near, ruleOptions: { checks: { jump_ratio: null } } } },
      says: 'price 900 of 1',
    },
    'a price of a drifted field needs something to hold it against': {
      ...{ sources: [accepted('100', { flags: flagBits(['mapped']) })], says: '1 rejected jump' },
    },
    'an inverted jump is inverted when it is confirmed': {
      ...{ sources: [jump('0.0078125', { isInverted: true }), accepted('128')], slot: { last: near } },
      says: 'price 128.0000 of 1, 1 accepted 128.0000',
    },
    'a converted jump is converted at its rate when it is confirmed': {
      ...{ sources: [jump('260', { rate: { price: '0.5' } }), accepted('130')], slot: { last: near } },
      says: 'price 130 of 1, 1 accepted 130',
    },
    'a jump without a text cannot be confirmed': {
      ...{ sources: [jump('', { raw: undefined }), accepted('100')], slot: { last: near }, says: 'price 100 of 2' },
    },
  });

  test('say why, and why they are believed after all', () => {
    const [rejected] = decided({ sources: [accepted('125')], slot: { last: near } }).revisions;
    expect(rejected).toMatchObject({
      ...{ source: 'source-1', price: undefined },
      detail: '125 is more than 0.1 away from the last price 100, and no other source agrees',
    });
    const [confirmed] = decided({ sources: [jump('130'), accepted('130')], slot: { last: near } }).revisions;
    expect(confirmed).toMatchObject({ reason: undefined, detail: 'was a jump at first, and has been confirmed' });
  });
});

describe('conversion', () => {
  const soon = { rateDeadline: SLOT + WINDOW };
  check({
    'a sample waits for its rate': { sources: [waiting('80.000', soon)], says: 'waiting' },
    'also for a moment after the window': { sources: [waiting('80.000', soon)], at: 19, says: 'waiting' },
    'and then no longer': { sources: [waiting('80.000', soon)], at: 20, says: '' },
    'not longer than the window of the rate': {
      ...{ sources: [waiting('80.000', { rateDeadline: SLOT + 5 })], at: 10, says: '' },
    },
    'nobody waits for a rate that will never come': { sources: [waiting('80.000')], at: 5 + WINDOW, says: '' },
    'a rate that has come converts it': {
      ...{
        sources: [waiting('80.000', { ...soon, rateFound: { price: '0.95000' } })],
        says: 'price 76.0000 of 1, 1 accepted 76.0000',
      },
    },
    'a worse source is not served meanwhile': { sources: [waiting('80.000', soon), accepted('77')], says: 'waiting' },
    'a worse source is served when the rate did not come': {
      ...{ sources: [waiting('80.000', soon), accepted('77')], at: 20, says: 'price 77 of 2' },
    },
    'a better source is served at once': {
      sources: [accepted('77'), waiting('80.000', soon)],
      says: 'price 77 of 1, waiting',
    },
    'what it comes to is held against the range of the ticker': {
      sources: [waiting('80.000', { rateFound: { price: '0.95000' } })],
      slot: { ruleOptions: { checks: { maximum: '75' } } },
      says: '1 rejected absurd',
    },
    'what cannot be converted is no decimal': {
      ...{ sources: [waiting('80.000', { rateFound: { price: '1e-99999' } })], says: '1 rejected not_a_decimal' },
    },
    'what it comes to is known well enough, or it is none': {
      ...{ sources: [waiting('80.0', { rateFound: { price: '0.950' } })], says: '1 rejected imprecise' },
    },
    'unless the ticker takes it': {
      sources: [waiting('80.0', { rateFound: { price: '0.950' } })],
      slot: { ruleOptions: { checks: { max_uncertainty_ratio: 0.0012 } } },
      says: 'price 76.00 of 1, 1 accepted 76.00',
    },
    'a rate of an hour before is taken': {
      sources: [waiting('80.000', { rateFound: { price: '0.95000' }, rateSlot: SLOT - 3_600 })],
      says: 'price 76.0000 of 1, 1 accepted 76.0000',
    },
    'an older one is not': {
      sources: [waiting('80.000', { rateFound: { price: '0.95000' }, rateSlot: SLOT - 3_601 })],
      says: '1 rejected rate_too_old',
    },
    'unless the ticker takes it at any age': {
      sources: [waiting('80.000', { rateFound: { price: '0.95000' }, rateSlot: SLOT - 86_000 })],
      slot: { ruleOptions: { checks: { max_rate_age_seconds: null } } },
      says: 'price 76.0000 of 1, 1 accepted 76.0000',
    },
    'a rate that is too old and has not come is no rate': {
      sources: [waiting('80.000', { rateSlot: SLOT - 86_000 })],
      ...{ at: 20, says: '' },
    },
    'another source is served instead of one whose rate is too old': {
      sources: [waiting('80.000', { rateFound: { price: '0.95000' }, rateSlot: SLOT - 7_200 }), accepted('77')],
      says: 'price 77 of 2, 1 rejected rate_too_old',
    },
    'what it comes to may be a jump': {
      ...{ sources: [waiting('80.000', { rateFound: { price: '0.50000' } })], slot: { last: last('76') } },
      says: '1 rejected jump, needs histories',
    },
    'a rate that comes after the decision explains the sample and changes no price': {
      ...{
        sources: [waiting('80.000', { rateFound: { price: '0.95000' } }), accepted('77')],
        slot: { isDecided: true },
      },
      says: '1 accepted 76.0000',
    },
  });

  test('keeps the rate with the sample, also where it is rejected', () => {
    const rates = (one: Omit<Case, 'says'>) => decided(one).revisions.map(({ rate }) => rate);
    const rateFound = { price: '0.95000', uncertainty: '0.000011' };
    const sources = [waiting('80.000', { rateFound })];
    expect(rates({ sources })).toEqual([rateFound]);
    expect(rates({ sources, slot: { last: last('50') } })).toEqual([rateFound]);
    expect(rates({ sources, slot: { ruleOptions: { checks: { maximum: '1' } } } })).toEqual([rateFound]);
  });
});

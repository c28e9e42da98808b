import { z } from 'zod';
import { AnswerReader } from './answer-reader.js';
import type { DriftPolicy } from './drift.js';
import type { FieldPath } from './drifted-field.js';
import { readJson, wireText } from './read-json.js';
import { SourceError } from './source-error.js';

const ROW = z.object({ name: wireText, last: wireText });

/** What becomes of `last` in the row at a path: its text, or the sentence about its drift. */
function lastOf(body: string, at: FieldPath, policy?: DriftPolicy): string {
  const json = readJson('fixture', body);
  const row = at.reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], json);
  try {
    return new AnswerReader('fixture', json, policy).shape(ROW, row, at).last;
  } catch (error) {
    if (error instanceof SourceError) return error.detail;
    throw error;
  }
}

describe('a field that is missing from a row', () => {
  it.each([
    ['renamed', '[{"name":"a","lst":"7"}]', ['0'], '0.lst looks like it'],
    ['moved down, in a list', '[{"name":"a","price":{"last":"7"}},{"name":"b","last":"8"}]', ['0'], '0.price.last'],
    ['moved down, below a list', '{"data":[{"name":"a","of":{"last":"7"}}]}', ['data', '0'], 'data.0.of.last'],
    ['moved up', '{"data":{"name":"a"},"last":"7"}', ['data'], 'last looks like it'],
  ])('is found and can be mapped when it was %s', (_how, body, at, hint) => {
    expect(lastOf(body, at)).toContain(hint);
    expect(lastOf(body, at, 'map')).toBe('7');
  });

  it.each([
    ['in the row beside it', '{"a":{"name":"a"},"b":{"name":"b","last":"8"}}', ['a']],
    ['in another branch of the answer', '{"data":{"a":{"name":"a"}},"old":{"last":"8"}}', ['data', 'a']],
    ['above a list of several rows', '{"data":[{"name":"a"},{"name":"b"}],"last":"8"}', ['data', '0']],
    ['above several rows by name', '{"a":{"name":"a"},"b":{"name":"b"},"last":"8"}', ['a']],
  ])('is not taken from one of the same name %s', (_where, body, at) => {
    expect(lastOf(body, at, 'map')).toContain('expected a value of type string, found nothing');
  });

  it('is named but never mapped when the name of another one only begins like it', () => {
    const body = '[{"name":"a","last_price":"7"}]';
    expect(lastOf(body, ['0'])).toBe(
      'field 0.last: expected a value of type string, found nothing; perhaps it is 0.last_price',
    );
    expect(lastOf(body, ['0'], 'map')).toContain('perhaps it is 0.last_price');
    expect(lastOf('[{"name":"a","last_price":"7","lastTrade":"8"}]', ['0'])).not.toContain('perhaps');
  });
});

import fc from 'fast-check';
import { jest } from '@jest/globals';

test('the values of properties follow from the seed that orders the tests', () => {
  expect(fc.readConfigureGlobal().seed).toBe(jest.getSeed());
});

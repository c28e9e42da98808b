// fast-check as specs see it: the values of properties follow from the seed that orders the tests, so that one seed repeats a run.
import { jest } from '@jest/globals';
import fc from '../../node_modules/fast-check/lib/fast-check.js';

fc.configureGlobal({ seed: jest.getSeed() });

export default fc;

import { types } from 'node:util';

/**
 * Jest gives every test file globals of its own, so that an error of Node's core (`ECONNRESET`) is no `instanceof Error`
 * there, and libraries that look for that take another way than in the real process. Importing this file makes them alike.
 */
const ordinary = Function.prototype[Symbol.hasInstance];

Object.defineProperty(Error, Symbol.hasInstance, {
  configurable: true,
  value: function hasInstance(this: unknown, value: unknown): boolean {
    return (this === Error && types.isNativeError(value)) || ordinary.call(this as () => unknown, value);
  },
});

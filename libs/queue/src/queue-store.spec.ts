import { queueStoreOf } from './queue-address.js';
import { producerOptions, workerOptions } from './queue-store.js';

describe('the queue store', () => {
  test.each([
    ['redis://127.0.0.1:6379', 'redis'],
    ['rediss://cache.example:6380', 'redis'],
    ['postgres://127.0.0.1/tidemark', 'postgres'],
    ['postgresql://127.0.0.1/tidemark', 'postgres'],
    ['postgres://127.0.0.1/redis://', 'postgres'],
  ])('of %s is %s', (url, kind) => {
    expect(queueStoreOf(url)).toEqual({ kind, url });
  });

  const addresses: readonly (readonly [url: string, connection: Record<string, unknown>])[] = [
    ['redis://cache.example', { host: 'cache.example', port: 6379, db: 0 }],
    ['redis://cache.example:7000/3', { host: 'cache.example', port: 7000, db: 3 }],
    ['redis://:p%40ss%2Fword@h', { host: 'h', password: 'p@ss/word' }],
    ['redis://us%3Aer:p%25w@h', { username: 'us:er', password: 'p%w' }],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }],
    ['rediss://h:6380', { host: 'h', port: 6380, tls: {} }],
  ];

  test.each(addresses)('reads %s', (url, expected) => {
    expect(producerOptions(queueStoreOf(url)).connection).toMatchObject(expected);
    expect(workerOptions(queueStoreOf(url), 5).connection).toMatchObject(expected);
  });

  test('speaks plainly to redis://, without a user it does not name one', () => {
    const connection = producerOptions(queueStoreOf('redis://h')).connection;
    expect(connection).not.toHaveProperty('tls');
    expect(connection).not.toHaveProperty('username');
    expect(connection).not.toHaveProperty('password');
  });

  test('a database number that is none is a fault and not database 0', () => {
    expect(() => producerOptions(queueStoreOf('redis://h/prices')).connection).toThrow('QUEUE_URL');
    expect(() => producerOptions(queueStoreOf('redis://h/-1')).connection).toThrow('QUEUE_URL');
  });
});

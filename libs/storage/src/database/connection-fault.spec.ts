import { connectionFault } from './connection-fault.js';

/** What Node says of an address where nobody listens. */
function refusedAt(port: number): Error {
  const refusal = { code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port };
  return Object.assign(new Error(`connect ECONNREFUSED 127.0.0.1:${port}`), refusal);
}

describe('the fault of a connection', () => {
  it('names the variable to set where the default address refuses', () => {
    const said = 'connect ECONNREFUSED 127.0.0.1:5432 (the default address: set DATABASE_URL)';
    expect(connectionFault(refusedAt(5432))).toBe(said);
    expect(connectionFault(new AggregateError([refusedAt(5432)]))).toBe(said);
  });

  it.each([refusedAt(5433), new Error('Connection terminated unexpectedly')])('says of %s what it says', (error) => {
    expect(connectionFault(error)).toBe(error.message);
  });
});

/** Lets everybody who asks for the same thing while it is being fetched share one answer. */
export class SingleFlight<Key, Value> {
  private readonly flights = new Map<Key, Promise<Value>>();

  /** The answer of the work under way for this key, or of work begun now. A failure is shared too, and not remembered. */
  async do(key: Key, work: () => Promise<Value>): Promise<Value> {
    const flying = this.flights.get(key);
    if (flying !== undefined) return flying;
    const flight = work().finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }
}

import { Inject, Injectable, type CanActivate } from '@nestjs/common';
import { DatabaseWatch } from './database.watch.js';
import { unavailable } from '../http/problem.js';

/** Lets requests for stored data pass while the database fits; else the answer says why not. */
@Injectable()
export class ReadyGuard implements CanActivate {
  constructor(@Inject(DatabaseWatch) private readonly watch: DatabaseWatch) {}

  /** @throws ProblemError 503 with the reason. */
  canActivate(): boolean {
    const { unfit } = this.watch.current();
    if (unfit !== undefined) throw unavailable(`Stored prices cannot be read now: ${unfit}.`);
    return true;
  }
}

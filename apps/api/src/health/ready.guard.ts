import { ReadinessWatch } from '@app/process';
import { Inject, Injectable, type CanActivate } from '@nestjs/common';
import { unavailable } from '../http/problem.js';

/** Lets requests for stored data pass while the database fits; else the answer says why not. */
@Injectable()
export class ReadyGuard implements CanActivate {
  constructor(@Inject(ReadinessWatch) private readonly readiness: ReadinessWatch) {}

  /** @throws ProblemError 503 with the reason. */
  canActivate(): boolean {
    const [unfit] = this.readiness.findings();
    if (unfit !== undefined) throw unavailable(`Stored prices cannot be read now: ${unfit}.`);
    return true;
  }
}

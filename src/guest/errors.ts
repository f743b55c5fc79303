import { DeviceFailure, HarnessError } from '../core/errors.ts';

/** The guest ended the login, or fell silent. */
export class ConnectionLost extends DeviceFailure {
  constructor(message: string, details: { cause?: unknown; logPath?: string } = {}) {
    super('connection-lost', message, details);
  }
}

/** The harness ended the login on purpose; whoever cut the power expects this from commands under way. */
export class PowerCut extends HarnessError {
  constructor() {
    super('power-cut', 'the power was cut while the command ran');
  }
}

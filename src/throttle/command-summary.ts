/** A command in words and as named values, for the log and the list of events. */
import { type CommandOrigin, NO_EXPIRY, type OperatorCommand } from './commands.js';

/** What the command did. */
export const COMMAND_EFFECTS: Readonly<Record<OperatorCommand['kind'], string>> = {
  throttleApp: 'app throttled',
  unthrottleApp: 'app no longer throttled',
  skipHost: 'host skipped',
  recoverHost: 'host no longer skipped',
  exemptApp: 'app exempted',
  unexemptApp: 'app no longer exempted',
  setThreshold: 'threshold set',
  resetThreshold: 'threshold reset',
};

export type NamedValues = Readonly<Record<string, string | number>>;

/** Who gave it, and through which node. */
export function originValues({ client, owner, caller, node }: CommandOrigin): NamedValues {
  return {
    ...(client !== undefined && { client }),
    ...(owner !== undefined && { owner }),
    ...(caller !== undefined && { caller }),
    ...(node !== undefined && { node }),
  };
}

/** What the command asks for, and until when. */
export function commandValues(command: OperatorCommand): NamedValues {
  switch (command.kind) {
    case 'throttleApp': {
      const { key, ratio, expireAtMs } = command;
      return {
        app: key,
        ...(ratio !== undefined && { ratio }),
        ...(expireAtMs !== undefined && until(expireAtMs)),
      };
    }
    case 'unthrottleApp':
    case 'unexemptApp':
      return { app: command.key };
    case 'skipHost':
      return { host: command.host, ...until(command.expireAtMs) };
    case 'recoverHost':
      return { host: command.host };
    case 'exemptApp':
      return { app: command.key, ...until(command.expireAtMs) };
    case 'setThreshold':
      return { metric: command.key, threshold: command.value, ...until(command.expireAtMs) };
    case 'resetThreshold':
      return { metric: command.key };
  }
}

function until(expireAtMs: number): { readonly until: string } {
  return { until: expireAtMs === NO_EXPIRY ? 'removed' : new Date(expireAtMs).toISOString() };
}

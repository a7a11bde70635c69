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

/** What the command did, how far and until when. */
export function commandText(command: OperatorCommand): string {
  const effect = COMMAND_EFFECTS[command.kind];
  switch (command.kind) {
    case 'throttleApp': {
      const { ratio, expireAtMs } = command;
      const share = ratio === undefined || ratio === 1 ? '' : ` for ${percent(ratio)} of checks`;
      return `${effect}${share}${endText(expireAtMs)}`;
    }
    case 'setThreshold':
      return `threshold set to ${command.value}${endText(command.expireAtMs)}`;
    case 'skipHost':
    case 'exemptApp':
      return `${effect}${endText(command.expireAtMs)}`;
    default:
      return effect;
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}

/** `expireAtMs`: undefined, and the entry keeps the end that it has. */
function endText(expireAtMs: number | undefined): string {
  if (expireAtMs === undefined) return '';
  return expireAtMs === NO_EXPIRY ? ' until it is lifted' : ` until ${isoTime(expireAtMs)}`;
}

function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

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
  return { until: expireAtMs === NO_EXPIRY ? 'removed' : isoTime(expireAtMs) };
}

/** What each request needs: by its endpoint, and of checks and commands by what they name. */
import type { AccessRole } from '../../../base/access-names.js';
import { EVERY, type Right } from '../../../throttle/access.js';
import type { OperatorCommand } from '../../../throttle/commands.js';
import { isResponse } from '../response.js';
import { type HttpEndpoint, matchRoute } from '../routes.js';
import { decodeParameters } from '../url-params.js';

/** `open`: load balancers, peers, and a browser that has no token yet. */
export type EndpointNeed = AccessRole | 'open';

const NEEDS: Partial<Record<HttpEndpoint, EndpointNeed>> = {
  check: 'check',
  checkAll: 'check',
  why: 'check',
  throttleApp: 'control',
  unthrottleApp: 'control',
  skipHost: 'control',
  recoverHost: 'control',
  exemptApp: 'control',
  unexemptApp: 'control',
  setThreshold: 'control',
  resetThreshold: 'control',
  yieldLeadership: 'admin',
  cpuProfile: 'admin',
  heapSnapshot: 'admin',
  lbCheck: 'open',
  leaderCheck: 'open',
  // The leaders of other domains read it, nodes of the original among them, which have no token.
  metricsHealth: 'open',
  page: 'open',
  pageFile: 'open',
  openapi: 'open',
  help: 'open',
  access: 'open',
};

/** What is not listed is read. */
export function needOf(endpoint: HttpEndpoint): EndpointNeed {
  return NEEDS[endpoint] ?? 'read';
}

/** Of a path below `/check`; null: it is no valid check, and its response says so. */
export function checkRight(path: string): Right | null {
  const match = matchRoute(path);
  if (match.kind !== 'found') return null;
  const parameters = decodeParameters(match.encoded);
  if (isResponse(parameters)) return null;
  const [app, type, store] = parameters as [string, string, string];
  return { role: 'check', app, store: `${type}/${store}` };
}

/** A command without a store is for every store; one about a host or a threshold, for every app. */
export function commandRight(command: OperatorCommand): Right {
  const role = 'control';
  switch (command.kind) {
    case 'throttleApp':
    case 'unthrottleApp':
    case 'exemptApp':
    case 'unexemptApp': {
      const [app, store] = command.key.split('/') as [string, string?];
      return { role, app, store: store === undefined ? EVERY : `mysql/${store}` };
    }
    case 'skipHost':
    case 'recoverHost':
      return { role, app: EVERY, store: EVERY };
    case 'setThreshold':
    case 'resetThreshold': {
      const [type, store] = command.key.split('/');
      return { role, app: EVERY, store: `${type}/${store}` };
    }
  }
}

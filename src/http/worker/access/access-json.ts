/** What a caller may do, for `/access`. */
import { type Caller, callerText } from '../../../throttle/access.js';

/** `Anonymous`: what every caller may do. */
export function accessJson(caller: Caller, anonymous: Caller): string {
  const { roles, apps, stores } = caller.grant.rights;
  return JSON.stringify({
    Caller: callerText(caller) ?? 'anonymous',
    Roles: roles,
    Apps: apps,
    Stores: stores,
    Anonymous: anonymous.grant.rights.roles,
  });
}

/** What the package exports as `freno/client`. */
export type {
  CheckAnswer,
  CheckReason,
  PermittedAnswer,
  RefusalReason,
  RefusedAnswer,
} from './answer.js';
export { FrenoClient } from './client.js';
export { type ClientErrorCode, FrenoClientError } from './errors.js';
export type { CheckEvent, WaitingReport, WaitSummary } from './events.js';
export type { BodyReader, FetchedResponse, FetchFunction, FetchRequest } from './exchange.js';
export type { Explanation } from './explanation.js';
export type {
  CheckSubject,
  ClientCheckOptions,
  ClientWaitOptions,
  FrenoClientOptions,
} from './options.js';
export type { Permission } from './waiting.js';

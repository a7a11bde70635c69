/** What a waiting command says meanwhile, on standard error. */
import type { Output } from '../output/output.js';
import { shortDuration } from '../output/quantities.js';
import { answerText } from './check-request.js';
import type { CheckOutcome, WaitOptions } from './wait.js';

const UNPAINTED = { paint: (_tone: string, text: string): string => text };

/** Notes `still waiting after 10 s: wait (429): …`. */
export function waitingNotes(output: Output): WaitOptions['stillWaiting'] {
  return (waitedMs, latest) => {
    output.note(`still waiting after ${shortDuration(waitedMs)}: ${outcomeText(latest)}`);
  };
}

/** An outcome without colours. */
export function outcomeText(outcome: CheckOutcome): string {
  return outcome.kind === 'none' ? outcome.failure.message : answerText(UNPAINTED, outcome.body);
}

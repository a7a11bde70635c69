/** A failure as a list of places, where a comparison would show a diff against nothing. */
import { expect } from 'chai';

export function expectNone(findings: readonly string[]): void {
  if (findings.length > 0) expect.fail(`${findings.length} found:\n${findings.join('\n')}`);
}

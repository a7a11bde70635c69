/** A failure as a list of places, where a comparison would show a diff against nothing. */

/** Its message is printed in full, however long: each line is a place to correct. */
export class FindingsError extends Error {}

export function expectNone(findings: readonly string[]): void {
  if (findings.length > 0) {
    throw new FindingsError(`${findings.length} found:\n${findings.join('\n')}`);
  }
}

/** Lists in one string, as flags and some keys have them. */

/** The items of a comma-separated string, without blanks around them and without empty ones. */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

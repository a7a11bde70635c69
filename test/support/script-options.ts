/** The command line of a script: options that all have a value, and `--help`. */
import { parseArgs } from 'node:util';

/** Ends the process after `--help`, and with 2 when an option is not known. */
export function scriptOptions<Name extends string>(
  usage: string,
  names: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const known = names.map((name) => [name, { type: 'string' }] as const);
  try {
    const { values } = parseArgs({
      options: { ...Object.fromEntries(known), help: { type: 'boolean' } },
    });
    if (values.help !== true) return values as Partial<Record<Name, string>>;
  } catch (thrown) {
    return refuse((thrown as Error).message);
  }
  process.stdout.write(usage);
  process.exit(0);
}

/** Ends the process because of what its command line says. */
export function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

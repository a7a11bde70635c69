/** Colours, where there is a terminal that shows them. */
import { styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'broken' | 'strong' | 'faint';

/** Wraps text in the escape codes of a tone, or not. */
export type Painter = (tone: Tone, text: string) => string;

const FORMATS: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  good: 'green',
  bad: 'yellow',
  broken: 'red',
  strong: 'bold',
  faint: 'dim',
};

/** `painterFor` has looked at the stream and the environment already. */
const paintColours: Painter = (tone, text) =>
  styleText(FORMATS[tone], text, { validateStream: false });
const paintNothing: Painter = (_tone, text) => text;

/** Colours only for a terminal, and not with NO_COLOR (https://no-color.org). */
export function painterFor(stream: { readonly isTTY?: boolean }): Painter {
  const { NO_COLOR = '', TERM = '' } = process.env;
  return stream.isTTY === true && NO_COLOR === '' && TERM !== 'dumb' ? paintColours : paintNothing;
}

/** Which samples of Prometheus belong to which hosts of a list. */
import { formatAddress, parseAddress } from '../../../base/address.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import type { UnusableResult } from '../mysql/metric-value.js';
import { HOST_LABEL, type Sample } from './answer.js';

type SampleValue = Sample['value'];

/**
 * The value of each host, in the order of the list. A label with the address of a host is that of
 * this host alone; another one is that of all hosts with its name, since exporters have ports of
 * their own. Of several samples of a host the highest counts, and one without a number above all.
 * Samples of other hosts do not count, and a host without a sample has no value.
 */
export function valuesOfHosts(
  samples: readonly Sample[],
  targets: readonly ProbeTarget[],
): SampleValue[] {
  const values = worstValues(samples, (label) => label.toLowerCase());
  const valuesOfNames = worstValues(
    samples,
    (label) => parseAddress(label, 0)?.host.toLowerCase() ?? label,
  );
  return targets.map((target) => {
    const name = target.host.toLowerCase();
    const address = formatAddress({ host: name, port: target.port });
    return values.get(address) ?? valuesOfNames.get(name) ?? noSample(name);
  });
}

/** The worst value of each host that Prometheus names, by its label. */
export function valuesOfLabels(samples: readonly Sample[]): ReadonlyMap<string, SampleValue> {
  return worstValues(samples, (label) => label);
}

function worstValues(
  samples: readonly Sample[],
  keyOf: (label: string) => string,
): Map<string, SampleValue> {
  const values = new Map<string, SampleValue>();
  for (const { host, value } of samples) {
    const key = keyOf(host ?? '');
    const other = values.get(key);
    values.set(key, other === undefined ? value : worse(other, value));
  }
  return values;
}

function worse(one: SampleValue, other: SampleValue): SampleValue {
  if (typeof one !== 'number') return one;
  return typeof other !== 'number' || other > one ? other : one;
}

function noSample(name: string): UnusableResult {
  return { reason: `no sample whose label "${HOST_LABEL}" names ${name}` };
}

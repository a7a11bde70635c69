/** A real browser for tests: Debian's Chromium, headless. */
import { type Browser, chromium } from 'playwright-core';
import { programPath } from './needs.js';

/** Without the requests that Chromium makes of its own accord, which need a network. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable',
];

/** `*.test` are names of this machine: not addresses that browsers trust over plain HTTP. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: programPath('chromium'),
    args: [...ARGUMENTS, '--host-resolver-rules=MAP *.test 127.0.0.1'],
  });
}

/** A real Prometheus (Debian's) that scrapes one exporter each 200 ms. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { endingWithUs } from './child.js';
import { fetchOnce } from './http-client.js';
import { programPath } from './needs.js';
import { until } from './until.js';

const START_TIMEOUT_MS = 30_000;

export class Prometheus {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly directory: TemporaryDirectory,
  ) {}

  /** Resolves when it is ready and has scraped the exporter at that port. */
  static async start(exporterPort: number): Promise<Prometheus> {
    const directory = new TemporaryDirectory();
    const [port = 0] = await freePorts(1);
    const file = join(directory.path, 'prometheus.yml');
    writeFileSync(
      file,
      'global: { scrape_interval: 200ms }\nscrape_configs:\n- job_name: test\n' +
        `  static_configs: [{ targets: ['127.0.0.1:${exporterPort}'] }]\n  honor_labels: true\n`,
    );
    const child = spawn(
      programPath('prometheus'),
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(directory.path, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    endingWithUs(child);
    const prometheus = new Prometheus(port, child, directory);
    await until(() => prometheus.#hasScraped(), START_TIMEOUT_MS);
    return prometheus;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
    this.directory.remove();
  }

  async #hasScraped(): Promise<boolean> {
    try {
      const { body } = await fetchOnce(this.port, '/api/v1/query?query=up');
      return /"1"\]/.test(body);
    } catch {
      return false;
    }
  }
}

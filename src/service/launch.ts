/** The start of the service: what loads beside main comes before all that main loads. */
import type { CommandLine } from '../config/commandline.js';
import { HttpThread } from '../http/main/http-thread.js';

/** Resolves when the service has ended. */
export async function launchService(commandLine: CommandLine): Promise<void> {
  const firstHttpThread = new HttpThread(0);
  const { runService } = await import('./run-service.js');
  await runService(commandLine, firstHttpThread);
}

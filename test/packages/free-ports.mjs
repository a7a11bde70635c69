/** Prints that many free ports of 127.0.0.1, a line each. */
import { once } from 'node:events';
import { createServer } from 'node:net';

const servers = Array.from({ length: Number(process.argv[2]) }, () => createServer());
await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
for (const server of servers) console.log(server.address().port);
for (const server of servers) server.close();
